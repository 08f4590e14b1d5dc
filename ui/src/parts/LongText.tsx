/** A text of any length: browsers stand still for minutes over a million letters, so more is shown when wanted. */
import { useState } from "react";
import { count } from "./words";

export const AT_FIRST = 20_000;
const MORE = 50_000;

export function LongText({ text }: { text: string }) {
  const [most, setMost] = useState(AT_FIRST);
  if (text.length <= most) return text;
  return (
    <>
      {beginning(text, most)}…
      <button type="button" className="button bare more-text" onClick={() => setMost(most + MORE)}>
        Show more: {count(text.length)} characters
      </button>
    </>
  );
}

/** The first letters of a text; none is cut in two. */
export function beginning(text: string, most: number): string {
  const isCut = /[\ud800-\udbff]/.test(text.charAt(most - 1));
  return text.slice(0, isCut ? most - 1 : most);
}
