/** The same as the charts show, as a table. */
import { TableBox } from "../../parts/TableBox";
import { count, duration, money, percent } from "../../parts/words";
import type { Body } from "../../server";
import { type Grain, startText } from "./range";

export function FiguresTable({ dashboard }: { dashboard: Body<"DashboardBody"> }) {
  const shown = dashboard.buckets.filter((one) => one.logs > 0).reverse();
  return (
    <details className="figures-table">
      <summary className="quiet">As a table</summary>
      <TableBox label="Figures" className="card">
        <table className="table">
          <thead>
            <tr>
              <th>From</th>
              {["Logs", "Errors", "p50", "p95", "Tokens in", "Tokens out", "Cost", "Found good"].map(
                (name) => (
                  <th key={name} className="number">
                    {name}
                  </th>
                ),
              )}
            </tr>
          </thead>
          <tbody>
            {shown.map((one) => (
              <tr key={one.start}>
                <td>{startText(one.start, dashboard.grain as Grain)}</td>
                <td className="number">{count(one.logs)}</td>
                <td className="number">{count(one.errors)}</td>
                <td className="number">{duration(one.latency_p50_s)}</td>
                <td className="number">{duration(one.latency_p95_s)}</td>
                <td className="number">{count(one.input_tokens)}</td>
                <td className="number">{count(one.output_tokens)}</td>
                <td className="number">{money(one.cost_usd)}</td>
                <td className="number">{one.judged ? percent(one.positive / one.judged) : "–"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableBox>
    </details>
  );
}
