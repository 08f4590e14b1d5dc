/** A small chart over time: stacked bars, or lines. What is pointed at, or gone to by the arrow keys, is told. */
import { type KeyboardEvent, type PointerEvent, useState } from "react";
import { go } from "../../address";

export interface Series {
  /** A colour's name in the style sheet. */
  tone: string;
  values: (number | null)[];
}

export interface ChartProps {
  label: string;
  kind: "bars" | "lines";
  series: Series[];
  /** What is told of a place, in words. */
  told: (place: number) => string;
  /** Where a click on a place leads. */
  link?: (place: number) => string;
  /** The largest value that there can be; otherwise what there is. */
  most?: number;
  /** What is told while nothing is pointed at. */
  rest: string;
  /** What stands below, at both ends. */
  ends: [string, string];
}

const HEIGHT = 100;

export function Chart({ label, kind, series, told, link, most, rest, ends }: ChartProps) {
  const [at, setAt] = useState<number | null>(null);
  const size = series[0]?.values.length ?? 0;
  const top = most ?? highest(kind, series, size);
  const point = (event: PointerEvent) => {
    const box = event.currentTarget.getBoundingClientRect();
    const place = Math.floor(((event.clientX - box.left) / box.width) * size);
    setAt(Math.max(0, Math.min(size - 1, place)));
  };
  const move = (event: KeyboardEvent) => {
    if (event.key === "Enter" && at !== null && link) return go(link(at));
    const change = { ArrowLeft: -1, ArrowRight: 1, Home: -size, End: size }[event.key];
    if (!change) return;
    event.preventDefault();
    setAt(Math.max(0, Math.min(size - 1, (at ?? size) + change)));
  };
  return (
    <div className="chart">
      <p className="chart-told quiet" aria-live="polite">
        {at === null ? rest : told(at)}
      </p>
      {/* biome-ignore lint/a11y/useSemanticElements: no element is a row of values to go through */}
      <div
        className={link ? "chart-picture linked" : "chart-picture"}
        role="group"
        aria-label={`${label}: arrow keys go from place to place`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys need a place to begin at
        tabIndex={0}
        onKeyDown={move}
        onBlur={() => setAt(null)}
        onPointerMove={point}
        onPointerLeave={() => setAt(null)}
        onClick={() => at !== null && link && go(link(at))}
      >
        <svg viewBox={`0 0 ${size} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
          {at !== null && <rect className="chart-at" x={at} y="0" width="1" height={HEIGHT} />}
          {kind === "bars" ? (
            <Bars series={series} top={top} size={size} showsNone={most !== undefined} />
          ) : (
            series.map((one) => <Line key={one.tone} series={one} top={top} />)
          )}
        </svg>
      </div>
      <p className="chart-ends" aria-hidden="true">
        <span>{ends[0]}</span>
        <span>{ends[1]}</span>
      </p>
    </div>
  );
}

function highest(kind: "bars" | "lines", series: Series[], size: number): number {
  const places = Array.from({ length: size }, (_, place) => series.map((one) => one.values[place] ?? 0));
  const tops = places.map((at) =>
    kind === "bars" ? at.reduce((sum, one) => sum + one, 0) : Math.max(...at),
  );
  return Math.max(...tops, 0) || 1;
}

interface BarsProps {
  series: Series[];
  top: number;
  size: number;
  /** Whether nothing of something is to be seen, unlike nothing at all. */
  showsNone: boolean;
}

function Bars({ series, top, size, showsNone }: BarsProps) {
  const feet = new Array<number>(size).fill(0);
  return series.map((one) => (
    <g key={one.tone} className={`chart-${one.tone}`}>
      {one.values.map((value, place) => {
        if (value === null || (value === 0 && !showsNone)) return null;
        const height = Math.max(2, (value / top) * (HEIGHT - 4));
        const foot = feet[place] ?? 0;
        feet[place] = foot + height;
        return <rect key={place} x={place + 0.12} width="0.76" y={HEIGHT - foot - height} height={height} />;
      })}
    </g>
  ));
}

function Line({ series, top }: { series: Series; top: number }) {
  const y = (value: number) => HEIGHT - 3 - (value / top) * (HEIGHT - 8);
  const points = series.values.map((value, place) => (value === null ? null : `${place + 0.5},${y(value)}`));
  return (
    <g className={`chart-${series.tone} chart-line`}>
      {runs(points).map((run) => (
        // A lone point is a line of no length, which round ends make a dot.
        <polyline
          key={run[0]}
          className={run.length > 1 ? undefined : "lone"}
          points={run.length > 1 ? run.join(" ") : `${run[0]} ${run[0]}`}
        />
      ))}
    </g>
  );
}

/** What stands together without a gap. */
function runs(points: (string | null)[]): string[][] {
  const found: string[][] = [[]];
  for (const one of points) {
    if (one === null) found.push([]);
    else found.at(-1)?.push(one);
  }
  return found.filter((run) => run.length > 0);
}
