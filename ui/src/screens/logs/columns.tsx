/** The columns of a table of logs; which are shown is kept in the browser. */
import { type ReactNode, useState } from "react";
import { Badge, Chip, Kind } from "../../parts/simple";
import { Time } from "../../parts/Time";
import { count, duration, money } from "../../parts/words";
import type { LogRow } from "./pages";

export interface Column {
  name: string;
  title: string;
  isNumber?: boolean;
  cell: (row: LogRow) => ReactNode;
}

const DASH = <span className="quiet">–</span>;

function tokens(row: LogRow): ReactNode {
  if (row.input_tokens === null && row.output_tokens === null) return DASH;
  const both = (row.input_tokens ?? 0) + (row.output_tokens ?? 0);
  return <span title={`${row.input_tokens ?? 0} in, ${row.output_tokens ?? 0} out`}>{count(both)}</span>;
}

function result(row: LogRow): ReactNode {
  if (row.error === null) return <span className="clip text">{row.output || DASH}</span>;
  return (
    <span className="clip text" title={row.error}>
      <Badge tone="bad">error</Badge> {row.error}
    </span>
  );
}

export const COLUMNS: Column[] = [
  {
    name: "file",
    title: "File",
    cell: (row) => (
      <span className="row clip" title={row.file.path}>
        <Kind type={row.file.type} /> <span className="clip">{row.file.path.split("/").at(-1)}</span>
      </span>
    ),
  },
  {
    name: "version",
    title: "Version",
    cell: (row) => <Chip title={row.version_id}>{row.number === null ? "draft" : `v${row.number}`}</Chip>,
  },
  { name: "input", title: "Input", cell: (row) => <span className="clip text">{row.input || DASH}</span> },
  { name: "output", title: "Output", cell: result },
  { name: "latency", title: "Latency", isNumber: true, cell: (row) => duration(row.latency_s) },
  { name: "tokens", title: "Tokens", isNumber: true, cell: tokens },
  { name: "cost", title: "Cost", isNumber: true, cell: (row) => money(row.cost_usd) },
  {
    name: "steps",
    title: "Steps",
    isNumber: true,
    cell: (row) => (row.steps === null ? DASH : count(row.steps)),
  },
  { name: "environment", title: "Environment", cell: (row) => row.environment ?? DASH },
  { name: "user", title: "User", cell: (row) => row.user ?? DASH },
  { name: "source", title: "Source", cell: (row) => row.source ?? DASH },
  {
    name: "session",
    title: "Session",
    cell: (row) => <Chip title={row.session}>{row.session.slice(0, 14)}</Chip>,
  },
  { name: "status", title: "Status", cell: (row) => row.status ?? DASH },
];

const SHOWN = ["file", "version", "input", "output", "latency", "tokens", "cost", "judgments"];
const KEPT = "headrace.logs.columns";

function kept(): string[] {
  try {
    const said: unknown = JSON.parse(localStorage.getItem(KEPT) ?? "null");
    return Array.isArray(said) ? said.filter((one) => typeof one === "string") : SHOWN;
  } catch {
    return SHOWN;
  }
}

/** Which columns are shown, and what changes that. */
export function useColumns(): [string[], (names: string[]) => void] {
  const [names, setNames] = useState(kept);
  const choose = (chosen: string[]) => {
    setNames(chosen);
    try {
      localStorage.setItem(KEPT, JSON.stringify(chosen));
    } catch {
      // A browser that keeps nothing shows them until the page is left.
    }
  };
  return [names, choose];
}

export function Moment({ row }: { row: LogRow }) {
  return <Time at={row.created_at} />;
}
