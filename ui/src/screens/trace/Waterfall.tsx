/** A tree on the left, its bars on a line of time on the right; only the rows near the window are drawn. */
import {
  type KeyboardEvent,
  useCallback,
  useEffect,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { duration } from "../../parts/words";
import { after, type BarRow, open, parents, type Range, rangeOf, span, window_ } from "./bars";
import { ROW_PX, WaterfallRow } from "./WaterfallRow";
import "./waterfall.css";

export interface WaterfallProps {
  label: string;
  /** What a row is called. */
  what?: string;
  rows: BarRow[];
  /** How long all of it takes at least. */
  totalMs?: number;
  selected: string | null;
  onSelect: (id: string) => void;
}

/** Only after so many rows others are drawn: there are more around the window. */
const STEP = 6;
const TICKS = [0, 0.25, 0.5, 0.75];

export function Waterfall({ label, what = "Step", rows, totalMs, selected, onSelect }: WaterfallProps) {
  const [closed, setClosed] = useState<Set<string>>(new Set());
  const shown = useMemo(() => open(rows, closed), [rows, closed]);
  const withBelow = useMemo(() => parents(rows), [rows]);
  const total = useMemo(() => span(rows, totalMs), [rows, totalMs]);
  const prefix = useId();
  const [part, setPart] = useState<Range | null>(null);
  const range = part ?? { fromMs: 0, lengthMs: total };
  // These never change, so that rows that stay are not drawn again while others come into view.
  const zoom = useCallback((row: BarRow | undefined) => {
    setPart((old) => (old || !row ? null : rangeOf(row)));
  }, []);
  const { box, view, onScroll } = useView(shown, selected);
  const { first, last } = window_(shown.length, view.top, view.height, ROW_PX);

  const toggle = useCallback((id: string) => {
    setClosed((old) => {
      const next = new Set(old);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  }, []);
  const press = (event: KeyboardEvent) => {
    const row = rows.find((one) => one.id === selected);
    if (event.key === "z") zoom(row);
    if (row && (event.key === "ArrowLeft" || event.key === "ArrowRight")) {
      const isOpen = withBelow.has(row.id) && !closed.has(row.id);
      event.preventDefault();
      if (withBelow.has(row.id) && isOpen === (event.key === "ArrowLeft")) toggle(row.id);
      else if (event.key === "ArrowLeft" && row.parent) onSelect(row.parent);
      else if (event.key === "ArrowRight" && isOpen) onSelect(after(shown, row.id, "ArrowDown", 1) ?? row.id);
      return;
    }
    const goal = after(shown, selected, event.key, Math.max(Math.floor(view.height / ROW_PX) - 1, 1));
    if (goal === null) return;
    event.preventDefault();
    onSelect(goal);
  };

  return (
    <div className="waterfall">
      <div className="waterfall-head">
        <span className="row">
          {what}
          <button
            type="button"
            className="button bare zoom"
            aria-pressed={part !== null}
            title="Fit the line of time to the selected row (z, or a double click)"
            onClick={() => zoom(rows.find((one) => one.id === selected))}
          >
            {part ? "Whole time" : "Zoom"}
          </button>
        </span>
        <span className="waterfall-ticks">
          {TICKS.map((tick) => (
            <span key={tick} style={{ left: `${tick * 100}%` }}>
              {duration((range.fromMs + range.lengthMs * tick) / 1000)}
            </span>
          ))}
          <span className="end">{duration((range.fromMs + range.lengthMs) / 1000)}</span>
        </span>
      </div>
      <div
        ref={box}
        className="waterfall-box"
        role="tree"
        aria-label={label}
        aria-activedescendant={selected === null ? undefined : `${prefix}${selected}`}
        tabIndex={0}
        onScroll={onScroll}
        onKeyDown={press}
      >
        <div className="waterfall-all" style={{ height: shown.length * ROW_PX }}>
          {shown.slice(first, last).map((row, place) => (
            <WaterfallRow
              key={row.id}
              id={`${prefix}${row.id}`}
              row={row}
              index={first + place}
              fromMs={range.fromMs}
              lengthMs={range.lengthMs}
              isSelected={row.id === selected}
              isOpen={withBelow.has(row.id) ? !closed.has(row.id) : undefined}
              onSelect={onSelect}
              onToggle={toggle}
              onZoom={zoom}
            />
          ))}
        </div>
      </div>
    </div>
  );
}

/** What of the list is in view, and the selected row brought into it. */
function useView(shown: BarRow[], selected: string | null) {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 600 });
  const look = () => {
    const { scrollTop = 0, clientHeight: height = 600 } = box.current ?? {};
    const top = Math.floor(scrollTop / (ROW_PX * STEP)) * ROW_PX * STEP;
    setView((old) => (old.top === top && old.height === height ? old : { top, height }));
  };
  useLayoutEffect(() => {
    const watched = box.current;
    if (!watched) return;
    const watcher = new ResizeObserver(look);
    watcher.observe(watched);
    return () => watcher.disconnect();
  }, []);
  const index = shown.findIndex((row) => row.id === selected);
  useEffect(() => {
    const at = box.current;
    if (!at || index < 0) return;
    const top = index * ROW_PX;
    if (top < at.scrollTop) at.scrollTop = top;
    else if (top + ROW_PX > at.scrollTop + at.clientHeight) at.scrollTop = top + ROW_PX - at.clientHeight;
  }, [index]);
  return { box, view, onScroll: look };
}
