/** Versions as a table: what changed, where each is deployed, how it does. */
import { to } from "../../address";
import { Chip, Dot, Score } from "../../parts/simple";
import { Time } from "../../parts/Time";
import { refOf } from "../../parts/VersionPick";
import { called } from "../../parts/versions";
import { count, duration, percent } from "../../parts/words";
import type { VersionRow } from "./useVersionList";
import "./versions.css";

export interface VersionsTableProps {
  file: string;
  rows: VersionRow[];
  /** The link to what is told of a version. */
  link: (row: VersionRow) => string;
  selected?: string | null;
  /** The two that are to be compared; without it none can be chosen. */
  picked?: string[];
  onPick?: (ref: string) => void;
  children?: React.ReactNode;
}

export function VersionsTable({ file, rows, link, selected, picked, onPick, children }: VersionsTableProps) {
  return (
    <table className="table versions">
      <thead>
        <tr>
          {picked && (
            <th className="pick">
              <span className="hidden">Compare</span>
            </th>
          )}
          <th>Version</th>
          <th>Change</th>
          <th>Deployed</th>
          <th className="number">Logs</th>
          <th className="number wide-only">p50</th>
          <th className="number wide-only">Errors</th>
          <th className="number">Score</th>
        </tr>
      </thead>
      <tbody>
        {children}
        {rows.map((row) => (
          <Line
            key={row.version_id}
            file={file}
            row={row}
            href={link(row)}
            isSelected={selected === row.version_id}
            pick={picked && onPick ? { isPicked: picked.includes(refOf(row)), onPick } : null}
          />
        ))}
      </tbody>
    </table>
  );
}

interface LineProps {
  file: string;
  row: VersionRow;
  href: string;
  isSelected: boolean;
  pick: { isPicked: boolean; onPick: (ref: string) => void } | null;
}

function Line({ file, row, href, isSelected, pick }: LineProps) {
  const { recent } = row;
  const of = `of the newest ${count(recent.logs)} logs`;
  return (
    <tr className={isSelected ? "version-line chosen" : "version-line"}>
      {pick && (
        <td className="pick">
          <input
            type="checkbox"
            aria-label={`Compare ${called(row)}`}
            checked={pick.isPicked}
            onChange={() => pick.onPick(refOf(row))}
          />
        </td>
      )}
      <td>
        <a className="line-link" href={href} aria-current={isSelected ? "true" : undefined}>
          <Chip title={`${row.version_id}\n${row.digest}`}>{called(row)}</Chip>
        </a>
      </td>
      <td className="change">
        <span>{row.description ?? row.name ?? <span className="quiet">no description</span>}</span>{" "}
        <span className="quiet by">
          {row.created_by.name ?? "somebody"} · <Time at={row.created_at} />
        </span>
      </td>
      <td>
        <Standings row={row} />
      </td>
      <td className="number">
        {row.logs_count ? (
          <a className="link over" href={to(["f", file, "logs"], { version: refOf(row) })}>
            {count(row.logs_count)}
          </a>
        ) : (
          <span className="quiet">0</span>
        )}
      </td>
      <td className="number wide-only" title={of}>
        {duration(recent.latency_p50_s)}
      </td>
      <td className="number wide-only" title={of}>
        <Errors file={file} row={row} />
      </td>
      <td className="number" title={row.findings.map(finding).join("\n") || undefined}>
        <Score value={row.score} />
      </td>
    </tr>
  );
}

function finding(one: VersionRow["findings"][number]): string {
  const mean = one.mean === null ? "–" : String(Math.round(one.mean * 1000) / 1000);
  return `${one.name}: ${mean} of ${count(one.judgments)}`;
}

function Errors({ file, row }: { file: string; row: VersionRow }) {
  const { logs, errors } = row.recent;
  if (!logs) return <span className="quiet">–</span>;
  if (!errors) return <span className="quiet">0%</span>;
  return (
    <a className="tone-bad over" href={to(["f", file, "logs"], { version: refOf(row), error: "true" })}>
      {percent(errors / logs)}
    </a>
  );
}

function Standings({ row }: { row: VersionRow }) {
  return (
    <span className="standings">
      {row.pointers.map((one) => (
        <span key={one.id} className="row" title={one.kind}>
          <Dot tone="good" />
          {one.name}
          {one.weight !== null && <span className="quiet"> share {one.weight}</span>}
        </span>
      ))}
    </span>
  );
}
