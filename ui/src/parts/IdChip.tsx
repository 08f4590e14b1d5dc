import { useState } from "react";

/** The beginning of an id, which is copied as a whole by a click. */
export function IdChip({ id, letters = 9 }: { id: string; letters?: number }) {
  const [isDone, setDone] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(id);
    setDone(true);
    window.setTimeout(() => setDone(false), 1500);
  };
  return (
    <button type="button" className="chip id-chip" title={`${id} (click to copy)`} onClick={copy}>
      <span aria-hidden="true">{isDone ? "copied" : id.slice(0, letters)}</span>
      <span className="hidden" aria-live="polite">
        {isDone ? "Copied" : `Copy the id ${id}`}
      </span>
    </button>
  );
}
