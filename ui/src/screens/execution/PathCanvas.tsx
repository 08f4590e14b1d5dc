/** The way that an execution took: nodes as they ended, connections that were taken, values on them. */
import { useMemo, useState } from "react";
import { isGraph, pathOf } from "../../canvas/definition";
import type { RunState } from "../../canvas/FlowNode";
import { Graph } from "../../canvas/Graph";
import { useLoaded } from "../../loaded";
import { Failure } from "../../parts/simple";
import { ask, type Body } from "../../server";
import { shortValue } from "./shortValue";
import { runStateOf } from "./states";
import type { Step } from "./steps";

type Connection = Body<"PathTaken">["connections"][number];

export interface PathCanvasProps {
  execution: string;
  /** Changes when there may be something new. */
  version: string;
  selected: Step | null;
  onSelect: (step: string) => void;
}

export function PathCanvas({ execution, version, selected, onSelect }: PathCanvasProps) {
  const [withValues, setWithValues] = useState(false);
  const path = useLoaded(`${execution} ${version}`, (signal) =>
    ask<Body<"PathTaken">>("GET", ["executions", execution, "path"], { signal }),
  );
  // What was there stays while more of it comes.
  const [last, setLast] = useState<Body<"PathTaken"> | null>(null);
  if (path.value && path.value !== last) setLast(path.value);
  const shown = path.value ?? last;
  const here = selected?.kind === "node" ? selected.name : null;
  const node = shown?.nodes.find((one) => one.step === selected?.id || one.name === here) ?? null;
  const chosen = node && named(node);
  const marks = useMemo(() => marksOf(shown), [shown]);
  const [over, setOver] = useState<string | null>(null);
  const labels = useMemo(() => {
    const isWanted = (one: Connection) =>
      withValues ||
      named(one) === over ||
      [one.source, one.target].some((end) => within(one, end) === chosen);
    return shown ? labelsOf(shown.connections.filter(isWanted)) : {};
  }, [shown, withValues, chosen, over]);
  if (path.error && !shown) return <Failure error={path.error} again={path.reload} />;
  if (!shown || !isGraph(shown.definition)) return null;
  return (
    <div className="path-canvas">
      <Graph
        definition={shown.definition}
        states={marks.states}
        taken={marks.taken}
        labels={labels}
        selected={chosen}
        onOver={setOver}
        onSelect={(id) => {
          const ran = shown.nodes.find((one) => named(one) === id);
          if (ran) onSelect(ran.step);
        }}
        label="The path that was taken"
        fileName={execution}
      >
        <label className="path-legend">
          <input type="checkbox" checked={withValues} onChange={() => setWithValues(!withValues)} /> Values on
          all connections
        </label>
      </Graph>
    </div>
  );
}

/** The name of a node or a connection among all: with the loops that it stands in. */
function named(one: { level: string[]; name: string }): string {
  return pathOf(one.level.join("/"), one.name);
}

function marksOf(path: Body<"PathTaken"> | null) {
  const states: Record<string, RunState> = {};
  for (const node of path?.nodes ?? []) states[named(node)] = runStateOf(node.state);
  return { states, taken: new Set(path?.connections.map(named)) };
}

/** The name of a node at the end of a connection. */
function within(one: Connection, end: string): string {
  return pathOf(one.level.join("/"), end);
}

/** The values that went over connections. */
function labelsOf(connections: Connection[]): Record<string, string> {
  const shown = connections.filter((one) => one.value !== null);
  return Object.fromEntries(shown.map((one) => [named(one), shortValue(one.value ?? "", one.times)]));
}
