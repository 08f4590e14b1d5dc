/** What came of a file over time, as cards with a number and a chart each. */
import { to } from "../../address";
import { count, counted, duration, money, percent } from "../../parts/words";
import type { Body } from "../../server";
import { Chart, type ChartProps } from "./Chart";
import { type Grain, startText } from "./range";

type Dashboard = Body<"DashboardBody">;
type Bucket = Body<"BucketBody">;

interface Card extends Omit<ChartProps, "label" | "told" | "link" | "ends"> {
  name: string;
  value: string;
  href?: string;
  told: (bucket: Bucket) => string;
  error?: "true";
  /** What the series are called, where there are several. */
  keys?: string[];
}

export function Figures({ file, dashboard }: { file: string; dashboard: Dashboard }) {
  const { buckets, grain, start, end } = dashboard;
  const logs = ["f", file, "logs"];
  const within = (place: number, error?: string) =>
    to(logs, { from: buckets[place]?.start, to: buckets[place + 1]?.start ?? end, error });
  const first = startText(start, grain as Grain);
  const last = startText(buckets.at(-1)?.start ?? start, grain as Grain);
  const ends: [string, string] = [first, last];
  return (
    <div className="figures">
      {cardsOf(dashboard).map((card) => {
        const { name, value, error, told, keys, ...chart } = card;
        const href = to(logs, { from: start, to: end, error });
        return (
          <section key={name} className="card figure" aria-label={name}>
            <header className="figure-head">
              <h3 className="quiet">{name}</h3>
              {keys && <Keys names={keys} tones={chart.series.map((one) => one.tone)} />}
            </header>
            <a className="figure-value" href={href} title="The logs that it is of">
              {value}
            </a>
            <Chart
              {...chart}
              label={name}
              ends={ends}
              told={(place) => tell(buckets[place], grain as Grain, told)}
              link={(place) => within(place, error)}
            />
          </section>
        );
      })}
    </div>
  );
}

function Keys({ names, tones }: { names: string[]; tones: string[] }) {
  return (
    <ul className="figure-keys">
      {names.map((name, place) => (
        <li key={name} className={`chart-${tones[place]}`}>
          {name}
        </li>
      ))}
    </ul>
  );
}

function tell(bucket: Bucket | undefined, grain: Grain, told: (bucket: Bucket) => string): string {
  return bucket ? `${startText(bucket.start, grain)}: ${told(bucket)}` : "";
}

function share(part: number, whole: number): number | null {
  return whole ? part / whole : null;
}

function cardsOf({ buckets, total, drawn }: Dashboard): Card[] {
  const all = <Value,>(of: (bucket: Bucket) => Value) => buckets.map(of);
  const of = drawn === null ? "" : `of ${count(drawn)} logs drawn at random`;
  return [
    {
      name: "Logs",
      value: count(total.logs),
      kind: "bars",
      keys: ["fine", "with an error"],
      rest: total.errors ? `${counted(total.errors, "error")} among them` : "no errors",
      series: [
        { tone: "main", values: all((one) => one.logs - one.errors) },
        { tone: "bad", values: all((one) => one.errors) },
      ],
      told: (one) => `${counted(one.logs, "log")}, ${counted(one.errors, "error")}`,
    },
    {
      name: "Errors",
      value: percent(share(total.errors, total.logs)),
      error: "true",
      kind: "bars",
      rest: counted(total.errors, "error"),
      series: [{ tone: "bad", values: all((one) => share(one.errors, one.logs)) }],
      told: (one) => `${percent(share(one.errors, one.logs))}, ${counted(one.errors, "error")}`,
    },
    {
      name: "Latency",
      value: duration(total.latency_p50_s),
      kind: "lines",
      keys: ["p50", "p95"],
      rest: `p50 · p95 ${duration(total.latency_p95_s)} ${of}`,
      series: [
        { tone: "main", values: all((one) => one.latency_p50_s) },
        { tone: "second", values: all((one) => one.latency_p95_s) },
      ],
      told: (one) => `p50 ${duration(one.latency_p50_s)}, p95 ${duration(one.latency_p95_s)}`,
    },
    {
      name: "Tokens",
      value: count(total.input_tokens + total.output_tokens),
      kind: "bars",
      keys: ["in", "out"],
      rest: `${count(total.input_tokens)} in, ${count(total.output_tokens)} out`,
      series: [
        { tone: "main", values: all((one) => one.input_tokens) },
        { tone: "second", values: all((one) => one.output_tokens) },
      ],
      told: (one) => `${count(one.input_tokens)} in, ${count(one.output_tokens)} out`,
    },
    {
      name: "Cost",
      value: money(total.cost_usd),
      kind: "bars",
      rest: total.cost_usd === null ? "no price is known" : "of the models that it asked",
      series: [{ tone: "main", values: all((one) => one.cost_usd) }],
      told: (one) => money(one.cost_usd),
    },
    {
      name: "Found good",
      value: percent(share(total.positive, total.judged)),
      kind: "bars",
      most: 1,
      rest: total.judged
        ? `${count(total.positive)} of ${counted(total.judged, "judgment")} ${of}`
        : "no judgments",
      series: [{ tone: "good", values: all((one) => share(one.positive, one.judged)) }],
      told: (one) => `${percent(share(one.positive, one.judged))} of ${counted(one.judged, "judgment")}`,
    },
  ];
}
