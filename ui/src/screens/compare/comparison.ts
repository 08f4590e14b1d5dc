/** What is compared, and what comes of it line by line. */
import type { Body } from "../../server";

export type Opening = Body<"Opening">;
export type Pair = Body<"Pair">;
export type Totals = Body<"Totals">;
export type Outcome = Body<"RunOutcome">;
export type Line = Opening | Pair | Totals;

/** What is on screen of a comparison. */
export interface Seen {
  opening: Opening | null;
  pairs: Pair[];
  totals: Totals | null;
}

export const NOTHING: Seen = { opening: null, pairs: [], totals: null };

/** What is on screen after one more line: pairs stand in the order of their inputs. */
export function after(seen: Seen, line: Line): Seen {
  if (line.line === "comparison") return { ...NOTHING, opening: line };
  if (line.line === "summary") return { ...seen, totals: line };
  const pairs = [...seen.pairs, line].sort((a, b) => a.index - b.index);
  return { ...seen, pairs };
}

export type Source = "last" | "dataset" | "typed";

/** The inputs that were typed: each line is one, as JSON where it is JSON and else as a text. */
export function typedInputs(text: string, areObjects: boolean): unknown[] {
  const whole = json(text);
  if (Array.isArray(whole)) return whole;
  if (areObjects && whole !== undefined) return [whole];
  return text
    .split("\n")
    .filter((line) => line.trim())
    .map((line) => json(line) ?? line);
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** An output as text. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

type TextEdit = Extract<Pair["edits"][number], { change: "text" }>;
type Span = TextEdit["spans"][number];

/** The spans of two outputs that are texts; null where something else differs. */
export function textSpans(pair: Pair): Span[] | null {
  const [edit, ...more] = pair.edits;
  return edit?.change === "text" && edit.path.length === 0 && more.length === 0 ? edit.spans : null;
}

/** The pieces of one of both texts. */
export function pieces(spans: Span[], side: "before" | "after"): Span[] {
  return spans.filter((one) => one.in === "both" || one.in === side);
}
