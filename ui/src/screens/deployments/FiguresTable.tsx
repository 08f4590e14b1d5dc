/** How the versions behind a split pointer do, side by side. */

import { useLoaded } from "../../loaded";
import { FileName } from "../../parts/FileName";
import { Failure } from "../../parts/simple";
import { TableBox } from "../../parts/TableBox";
import { Time } from "../../parts/Time";
import { aimed } from "../../parts/versions";
import { count, duration, money, percent } from "../../parts/words";
import { ask, type Body } from "../../server";

type Figures = Body<"Figures">;
type One = Figures["versions"][number];

const EVERY_MS = 15_000;
const ROWS: [string, (one: One) => number | null, (value: number | null) => string][] = [
  ["Runs", (one) => one.runs, (value) => count(value ?? 0)],
  ["Errors", (one) => (one.runs ? one.errors / one.runs : null), percent],
  ["Latency, p50", (one) => one.latency_p50_s, duration],
  ["Latency, p95", (one) => one.latency_p95_s, duration],
  [
    "Tokens a run",
    (one) => each(one, one.input_tokens + one.output_tokens),
    (value) => (value === null ? "–" : count(Math.round(value))),
  ],
  ["Cost a run", (one) => (one.cost_usd === null ? null : each(one, one.cost_usd)), money],
];

function each(one: One, sum: number): number | null {
  return one.runs ? sum / one.runs : null;
}

export function FiguresTable({ file, pointer, turn }: { file: string; pointer: string; turn: number }) {
  const found = useLoaded(
    `figures ${file} ${pointer} ${turn}`,
    (signal) => ask<Figures>("GET", ["files", file, "pointers", pointer, "figures"], { signal }),
    { everyMs: EVERY_MS },
  );
  if (found.error) return <Failure error={found.error} again={found.reload} />;
  if (!found.value) return null;
  const { versions, since, is_complete: isComplete } = found.value;
  const judges = [...new Set(versions.flatMap((one) => one.scores.map((score) => score.evaluator_id)))];
  return (
    <TableBox label="Figures of the versions" className="split-figures">
      <table className="table">
        <caption className="quiet">
          Since <Time at={since} />
          {!isComplete && ", of the newest runs"}
        </caption>
        <thead>
          <tr>
            <th scope="col">
              <span className="hidden">Figure</span>
            </th>
            {versions.map((one) => (
              <th scope="col" key={one.version_id} className="number">
                <span className="chip">{aimed(one)}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {ROWS.map(([name, value, shown]) => (
            <FigureRow key={name} name={name} values={versions.map(value)} shown={shown} />
          ))}
          {judges.map((id) => (
            <FigureRow
              key={id}
              name={<FileName id={id} />}
              values={versions.map(
                (one) => one.scores.find((score) => score.evaluator_id === id)?.mean ?? null,
              )}
              shown={(value) => (value === null ? "–" : value.toFixed(2))}
            />
          ))}
        </tbody>
      </table>
    </TableBox>
  );
}

interface FigureRowProps {
  name: React.ReactNode;
  values: (number | null)[];
  shown: (value: number | null) => string;
}

/** A figure of each version, with bars that show them against the largest. */
function FigureRow({ name, values, shown }: FigureRowProps) {
  const largest = Math.max(0, ...values.map((value) => value ?? 0));
  return (
    <tr>
      <th scope="row">{name}</th>
      {values.map((value, place) => (
        <td key={place} className="number">
          <span className="split-figure">
            {shown(value)}
            {value !== null && largest > 0 && (
              <svg viewBox="0 0 60 4" className="bar" aria-hidden="true">
                <rect className="ground" width="60" height="4" rx="2" />
                <rect className="value" width={(value / largest) * 60} height="4" rx="2" />
              </svg>
            )}
          </span>
        </td>
      ))}
    </tr>
  );
}
