/** A table of logs; a row is a link to the whole log beside it. */
import { type KeyboardEvent, useEffect, useRef } from "react";
import { type Address, go, to, withQuery } from "../../address";
import { COLUMNS, Moment } from "./columns";
import type { Judge, LogRow } from "./pages";
import { Verdicts } from "./Verdict";

export interface LogTableProps {
  address: Address;
  rows: LogRow[];
  evaluators: Judge[];
  /** The names of the columns that are shown. */
  shown: string[];
}

const STEPS: Record<string, number> = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 };

/** The row that a key leads to from one; null when it leads nowhere. */
export function stepped(ids: string[], from: string | null, key: string): string | null {
  const step = STEPS[key];
  if (step === undefined || ids.length === 0) return null;
  const at = from === null ? -1 : ids.indexOf(from);
  const next = at < 0 ? (step > 0 ? 0 : ids.length - 1) : at + step;
  return ids[Math.max(0, Math.min(ids.length - 1, next))] ?? null;
}

export function LogTable({ address, rows, evaluators, shown }: LogTableProps) {
  const selected = address.query.get("log");
  const body = useRef<HTMLTableSectionElement>(null);
  const columns = COLUMNS.filter((one) => shown.includes(one.name));
  const judges = shown.includes("judgments") ? evaluators : [];
  useEffect(() => {
    if (selected === null) return;
    const row = body.current?.querySelector<HTMLElement>(`[data-log="${CSS.escape(selected)}"]`);
    row?.scrollIntoView({ block: "nearest" });
    if (body.current?.contains(document.activeElement))
      row?.querySelector("a")?.focus({ preventScroll: true });
  }, [selected]);
  const onKey = (event: KeyboardEvent) => {
    const ids = rows.map((one) => one.id);
    const next = event.ctrlKey || event.metaKey || event.altKey ? null : stepped(ids, selected, event.key);
    if (next === null) return;
    event.preventDefault();
    go(withQuery(address, { log: next }), { replace: true });
  };
  useLetters((key) => {
    const next = stepped(
      rows.map((one) => one.id),
      selected,
      key,
    );
    if (next !== null) go(withQuery(address, { log: next }), { replace: true });
  });
  return (
    <div className="table-box logs-box">
      <table className="table logs-table" onKeyDown={onKey}>
        <thead>
          <tr>
            <th>Time</th>
            {columns.map((one) => (
              <th key={one.name} className={one.isNumber ? "number" : undefined}>
                {one.title}
              </th>
            ))}
            {judges.map((one) => (
              <th key={one.id} title={one.path}>
                <a href={to(["evaluators", one.id])}>{one.path.split("/").at(-1)}</a>
              </th>
            ))}
          </tr>
        </thead>
        <tbody ref={body}>
          {rows.map((row) => (
            <Line key={row.id} {...{ row, address, judges, columns }} isSelected={row.id === selected} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** `j` and `k` wherever nothing is typed and the table does not hear them itself. */
function useLetters(step: (key: string) => void): void {
  const latest = useRef(step);
  latest.current = step;
  useEffect(() => {
    const onKey = (event: globalThis.KeyboardEvent) => {
      const at = event.target as Element | null;
      const isTaken = event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey;
      const isTyped = at?.closest("input, select, textarea, dialog, [contenteditable]");
      if (!isTaken && !isTyped && (event.key === "j" || event.key === "k")) latest.current(event.key);
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
}

interface LineProps {
  row: LogRow;
  address: Address;
  judges: Judge[];
  columns: typeof COLUMNS;
  isSelected: boolean;
}

function Line({ row, address, judges, columns, isSelected }: LineProps) {
  const link = withQuery(address, { log: row.id });
  return (
    <tr data-log={row.id} className={isSelected ? "chosen" : undefined} onClick={() => go(link)}>
      <td>
        <a
          href={link}
          aria-current={isSelected ? "true" : undefined}
          onClick={(event) => event.stopPropagation()}
        >
          <Moment row={row} />
        </a>
      </td>
      {columns.map((one) => (
        <td key={one.name} className={one.isNumber ? "number" : undefined}>
          {one.cell(row)}
        </td>
      ))}
      {judges.map((one) => (
        <td key={one.id}>
          <Verdicts row={row} evaluator={one.id} />
        </td>
      ))}
    </tr>
  );
}
