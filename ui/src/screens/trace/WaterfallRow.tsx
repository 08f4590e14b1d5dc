import { memo } from "react";
import { lookOf } from "../../canvas/looks";
import { duration } from "../../parts/words";
import { type BarRow, placing, type Range } from "./bars";
import { ScoreChip } from "./ScoreChip";

export const ROW_PX = 26;
const INDENT_PX = 14;
const MOST_INDENT = 12;

/** A kind of log looks like the type of node that makes it. */
const KINDS: Record<string, string> = {
  prompt: "Prompt",
  agent: "Agent",
  tool: "InlineCode",
  evaluator: "Condition",
  flow: "Flow",
};

export function toneOf(look: string): string {
  if (look === "request" || look === "round") return look;
  return lookOf(KINDS[look] ?? look).tone;
}

export interface WaterfallRowProps {
  id: string;
  row: BarRow;
  index: number;
  /** The part of the line of time that is shown. */
  fromMs: number;
  lengthMs: number;
  isSelected: boolean;
  /** Undefined when nothing stands below it. */
  isOpen?: boolean;
  onSelect: (id: string) => void;
  onToggle: (id: string) => void;
  onZoom: (row: BarRow) => void;
}

/** Keys are heard by the grid that it is part of. */
export const WaterfallRow = memo(function WaterfallRow(props: WaterfallRowProps) {
  const { id, row, index, fromMs, lengthMs, isSelected, isOpen, onSelect, onToggle, onZoom } = props;
  const tone = toneOf(row.look);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid hears keys for all its rows
    // biome-ignore lint/a11y/useFocusableInteractive: the grid has the focus, and says which row it is at
    <div
      id={id}
      className={`waterfall-row state-${row.state.toLowerCase()}`}
      role="treeitem"
      aria-level={row.depth + 1}
      aria-selected={isSelected}
      aria-expanded={isOpen}
      style={{ transform: `translateY(${index * ROW_PX}px)` }}
      onClick={() => onSelect(row.id)}
      onDoubleClick={() => onZoom(row)}
    >
      <div className="waterfall-name" style={{ paddingLeft: Math.min(row.depth, MOST_INDENT) * INDENT_PX }}>
        {isOpen === undefined ? (
          <span className="waterfall-twig" aria-hidden="true" />
        ) : (
          <span
            className="waterfall-twig"
            aria-hidden="true"
            onClick={(event) => {
              event.stopPropagation();
              onToggle(row.id);
            }}
          >
            {isOpen ? "▾" : "▸"}
          </span>
        )}
        <span className={`waterfall-square bar-${tone}`} aria-hidden="true" />
        <span className="clip">{row.look === "round" ? `${row.type} ${row.name}` : row.name}</span>
        <small className="quiet clip">{row.look === "round" ? "" : row.type}</small>
        <StateWord state={row.state} />
        {row.scores.map((score) => (
          <ScoreChip key={score.log_id} score={score} />
        ))}
      </div>
      <div className="waterfall-lane">
        <BarLine row={row} tone={tone} range={{ fromMs, lengthMs }} />
      </div>
    </div>
  );
});

function StateWord({ state }: { state: BarRow["state"] }) {
  if (state === "Succeeded") return null;
  const tone = { Failed: "bad", Waiting: "warn", Running: "busy", Aborted: "plain" }[state];
  return <span className={`tag tone-${tone}`}>{state}</span>;
}

function BarLine({ row, tone, range }: { row: BarRow; tone: string; range: Range }) {
  const at = placing(row, range);
  const said =
    row.durationMs === null ? (row.state === "Running" ? "…" : "") : duration(row.durationMs / 1000);
  if (at === null) return <span className="quiet">{said}</span>;
  const beside = at.side === "right" ? { left: `${at.left + at.width}%` } : { right: `${100 - at.left}%` };
  return (
    <>
      <span
        className={`waterfall-bar bar-${tone} state-${row.state.toLowerCase()}`}
        style={{ left: `${at.left}%`, width: `${at.width}%` }}
      />
      <span className={`waterfall-said ${at.side}`} style={beside}>
        {said}
      </span>
    </>
  );
}
