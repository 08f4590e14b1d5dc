/** A dialog that holds the focus while it is open; Escape closes it. */
import { type ReactNode, useEffect, useId, useRef } from "react";
import { Button } from "./simple";

export interface DialogProps {
  title: string;
  onClose: () => void;
  isWide?: boolean;
  children: ReactNode;
}

export function Dialog({ title, onClose, isWide = false, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const named = useId();
  useEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    shown?.querySelector<HTMLElement>("[data-first]")?.focus(); // what the dialog asks for, not its way out
    return () => shown?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      className={isWide ? "dialog wide" : "dialog"}
      aria-labelledby={named}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <header>
        <h2 id={named}>{title}</h2>
        <Button look="bare" onClick={onClose} aria-label="Close">
          ✕
        </Button>
      </header>
      <div className="body">{children}</div>
    </dialog>
  );
}
