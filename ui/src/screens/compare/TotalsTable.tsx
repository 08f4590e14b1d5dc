/** What a comparison adds up to. */
import { TableBox } from "../../parts/TableBox";
import { count, counted, duration, money, percent } from "../../parts/words";
import type { Opening, Totals } from "./comparison";

type Side = Totals["before"];

const ROWS: [string, (side: Side) => string][] = [
  ["Errors", (side) => `${count(side.errors)} of ${count(side.runs)}`],
  ["Latency, p50", (side) => duration(side.latency_p50_s)],
  ["Latency, p95", (side) => duration(side.latency_p95_s)],
  ["Tokens in", (side) => count(side.input_tokens)],
  ["Tokens out", (side) => count(side.output_tokens)],
  ["Cost", (side) => money(side.cost_usd)],
];

export function TotalsTable({ totals, opening }: { totals: Totals; opening: Opening | null }) {
  const name = (side: "before" | "after") => {
    const number = opening?.[side].numbers.at(-1);
    return number === undefined ? side : `v${number}`;
  };
  const judges = opening?.evaluators ?? [];
  const mean = (side: Side, id: string) => {
    const found = side.scores.find((one) => one.evaluator_id === id);
    return found?.mean == null ? "–" : `${found.mean.toFixed(2)} (${counted(found.judgments, "judgment")})`;
  };
  return (
    <section className="card totals" aria-label="What it adds up to">
      <p>
        <strong>{percent(totals.pairs ? totals.same / totals.pairs : 0)} the same</strong>{" "}
        <span className="quiet">
          · {counted(totals.same, "same", "same")}, {counted(totals.different, "different", "different")},{" "}
          {counted(totals.failed, "failed", "failed")} ·{" "}
          {counted(totals.different_paths, "went another way", "went other ways")}
        </span>
      </p>
      <TableBox label="Totals">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">
                <span className="hidden">Figure</span>
              </th>
              <th scope="col" className="number">
                {name("before")}
              </th>
              <th scope="col" className="number">
                {name("after")}
              </th>
            </tr>
          </thead>
          <tbody>
            {ROWS.map(([title, value]) => (
              <Row key={title} title={title} before={value(totals.before)} after={value(totals.after)} />
            ))}
            {judges.map((one) => (
              <Row
                key={one.id}
                title={one.path}
                before={mean(totals.before, one.id)}
                after={mean(totals.after, one.id)}
              />
            ))}
          </tbody>
        </table>
      </TableBox>
    </section>
  );
}

function Row({ title, before, after }: { title: string; before: string; after: string }) {
  return (
    <tr>
      <th scope="row">{title}</th>
      <td className="number">{before}</td>
      <td className="number">{after}</td>
    </tr>
  );
}
