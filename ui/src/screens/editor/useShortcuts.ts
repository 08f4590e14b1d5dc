/** What keys do in the editor, outside of fields. */
import { useEffect, useRef } from "react";
import { copied, pasted } from "./model/clipboard";
import { removeConnection, removeNodes } from "./model/edits";
import type { Editing } from "./useEditor";

export function removeChosen({ apply, chosen, choose, connection, chooseConnection }: Editing): void {
  if (connection !== null) {
    apply((level) => removeConnection(level, connection));
    chooseConnection(null);
  } else if (chosen.length) {
    apply((level) => removeNodes(level, chosen));
    choose([]);
  }
}

export function useShortcuts(editing: Editing, onAdd: () => void, isOn: boolean): void {
  const latest = useRef({ editing, onAdd });
  latest.current = { editing, onAdd };
  useEffect(() => {
    if (!isOn) return;
    const pressed = (event: KeyboardEvent) => {
      if (isTyping(event.target)) return;
      const act = actionOf(event, latest.current.editing, latest.current.onAdd);
      if (!act) return;
      event.preventDefault();
      act();
    };
    const copy = (event: ClipboardEvent) => {
      const { level, chosen } = latest.current.editing;
      if (isTyping(event.target) || !chosen.length || String(getSelection())) return;
      event.clipboardData?.setData("text/plain", copied(level, chosen));
      event.preventDefault();
    };
    const paste = (event: ClipboardEvent) => {
      const text = event.clipboardData?.getData("text/plain") ?? "";
      if (isTyping(event.target) || !text.trimStart().startsWith("{")) return;
      event.preventDefault();
      insert(latest.current.editing, text);
    };
    document.addEventListener("keydown", pressed);
    document.addEventListener("copy", copy);
    document.addEventListener("paste", paste);
    return () => {
      document.removeEventListener("keydown", pressed);
      document.removeEventListener("copy", copy);
      document.removeEventListener("paste", paste);
    };
  }, [isOn]);
}

/** Put nodes of a text there and choose them; what is wrong with the text is told. */
export function insert({ level, apply, choose }: Editing, text: string): string | null {
  try {
    const { names } = pasted(level, text);
    apply((now) => pasted(now, text).level);
    choose(names);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

function actionOf(event: KeyboardEvent, editing: Editing, onAdd: () => void): (() => void) | null {
  const isCommand = event.ctrlKey || event.metaKey;
  const key = event.key.toLowerCase();
  if (isCommand && key === "z") return event.shiftKey ? editing.redo : editing.undo;
  if (isCommand && key === "y") return editing.redo;
  if (isCommand || event.altKey) return null;
  if (key === "delete" || key === "backspace") return () => removeChosen(editing);
  if (key === "escape") return () => editing.choose([]);
  return key === "a" ? onAdd : null;
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("input, textarea, select, dialog") !== null;
}
