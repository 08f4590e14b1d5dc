/** A trace as rows of a grid: which are to be seen, and where their bars stand on the line of time. */
import type { Body } from "../../server";

export interface BarRow {
  id: string;
  parent: string | null;
  depth: number;
  name: string;
  /** What it is, for people: a type of node, a service, a kind of log. */
  type: string;
  /** What decides its colour: a type of node, or `request`, `round`, `flow`. */
  look: string;
  state: Body<"BarState">;
  /** From the start of all; null where that is not known. */
  offsetMs: number | null;
  /** Null while it goes on, or where it is not known. */
  durationMs: number | null;
  scores: Body<"LogScore">[];
}

/** The rows that are not below one that is closed. Rows come after the one they stand below. */
export function open(rows: BarRow[], closed: Set<string>): BarRow[] {
  if (closed.size === 0) return rows;
  const shut = new Set<string>();
  return rows.filter((row) => {
    const isShut = row.parent !== null && (closed.has(row.parent) || shut.has(row.parent));
    if (isShut) shut.add(row.id);
    return !isShut;
  });
}

/** The ids of the rows that have others below them. */
export function parents(rows: BarRow[]): Set<string> {
  return new Set(rows.map((row) => row.parent).filter((id) => id !== null));
}

/** How long all of it takes, in milliseconds; what goes on lasts until now, which is the latest known end. */
export function span(rows: BarRow[], atLeastMs = 0): number {
  return rows.reduce(
    (most, row) => Math.max(most, (row.offsetMs ?? 0) + (row.durationMs ?? 0)),
    Math.max(atLeastMs, 0.001),
  );
}

export interface Placing {
  /** Both in percent of the whole. */
  left: number;
  width: number;
  /** Where the duration is written. */
  side: "left" | "right";
}

/** A part of the line of time, in milliseconds from the start of all. */
export interface Range {
  fromMs: number;
  lengthMs: number;
}

/** The part that a row fills; null when it has no length. */
export function rangeOf(row: BarRow): Range | null {
  if (row.offsetMs === null || !row.durationMs) return null;
  return { fromMs: row.offsetMs, lengthMs: row.durationMs };
}

/** Where a bar stands in a part of the line of time; null where no start is known, or it is elsewhere. */
export function placing(row: BarRow, { fromMs, lengthMs }: Range): Placing | null {
  if (row.offsetMs === null) return null;
  const goes = row.state === "Running" || row.state === "Waiting";
  const end = row.durationMs === null && goes ? Infinity : row.offsetMs + (row.durationMs ?? 0);
  if (row.offsetMs > fromMs + lengthMs || end < fromMs) return null;
  const percent = (ms: number) => Math.min(Math.max(((ms - fromMs) / lengthMs) * 100, 0), 100);
  const left = percent(row.offsetMs);
  const width = percent(end) - left;
  return { left, width, side: left + width > 88 && left > 12 ? "left" : "right" };
}

/** Which rows a window onto the list shows, with some around it. */
export function window_(count: number, top: number, height: number, rowHeight: number, around = 12) {
  const first = Math.max(Math.floor(top / rowHeight) - around, 0);
  const last = Math.min(Math.ceil((top + height) / rowHeight) + around, count);
  return { first: Math.min(first, count), last };
}

/** The row that a key leads to from another; null when it leads nowhere. */
export function after(rows: BarRow[], selected: string | null, key: string, page: number): string | null {
  const here = rows.findIndex((row) => row.id === selected);
  const steps: Record<string, number> = {
    ArrowDown: here + 1,
    ArrowUp: Math.max(here - 1, 0),
    PageDown: here + page,
    PageUp: Math.max(here - page, 0),
    Home: 0,
    End: rows.length - 1,
  };
  const goal = steps[key];
  if (goal === undefined || rows.length === 0) return null;
  return rows[Math.min(goal, rows.length - 1)]?.id ?? null;
}

/** What failed first, deepest: of what failed, the one whose failure is nobody else's below it. */
export function firstFailure(rows: BarRow[]): BarRow | null {
  const failed = rows.filter((row) => row.state === "Failed");
  const above = new Set(failed.map((row) => row.parent));
  return failed.find((row) => !above.has(row.id)) ?? null;
}
