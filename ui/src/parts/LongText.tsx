/** A text of any length: browsers stand still for minutes over a million letters, so more is shown when wanted. */
import { useState } from "react";
import { type Language, tokens } from "./highlight";
import { count } from "./words";

const AT_FIRST = 20_000;
const MORE = 50_000;
/** Letters without a gap are painted piece by piece: all at once takes the square of their time. */
const PIECE = 1_000;

export interface LongTextProps {
  text: string;
  /** What it is written in, to be coloured by; what is too long to be shown at once is not. */
  language?: Language;
}

export function LongText({ text, language }: LongTextProps) {
  const [most, setMost] = useState(AT_FIRST);
  if (language && text.length <= AT_FIRST) {
    return tokens(text, language).map(({ kind, text: piece }, place) =>
      kind || piece.length > PIECE ? (
        <span key={place} className={kind ? `tok-${kind}` : undefined}>
          <Pieces text={piece} most={AT_FIRST} />
        </span>
      ) : (
        piece
      ),
    );
  }
  return (
    <>
      <Pieces text={text} most={most} />
      {text.length > most && (
        <button type="button" className="button bare more-text" onClick={() => setMost(most + MORE)}>
          … Show more: {count(text.length)} characters
        </button>
      )}
    </>
  );
}

function Pieces({ text, most }: { text: string; most: number }) {
  if (text.length <= PIECE) return text;
  return pieces(text, most).map((piece, place) => <span key={place}>{piece}</span>);
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
