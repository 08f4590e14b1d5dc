/** A text of any length: browsers stand still for minutes over a million letters, so more is shown when wanted. */
import { useState } from "react";
import { count } from "./words";

const AT_FIRST = 20_000;
const MORE = 50_000;
/** Letters without a gap are painted piece by piece: all at once takes the square of their time. */
const PIECE = 1_000;

export function LongText({ text }: { text: string }) {
  const [most, setMost] = useState(AT_FIRST);
  if (text.length <= PIECE) return text;
  return (
    <>
      {pieces(text, most).map((piece, place) => (
        <span key={place}>{piece}</span>
      ))}
      {text.length > most && (
        <button type="button" className="button bare more-text" onClick={() => setMost(most + MORE)}>
          … Show more: {count(text.length)} characters
        </button>
      )}
    </>
  );
}

/** The first letters of a text in pieces; no letter is cut in two. */
export function pieces(text: string, most: number): string[] {
  const found: string[] = [];
  const end = Math.min(text.length, most);
  for (let at = 0; at < end; ) {
    let next = Math.min(at + PIECE, end);
    if (/[\ud800-\udbff]/.test(text.charAt(next - 1))) next += 1;
    found.push(text.slice(at, next));
    at = next;
  }
  return found;
}
