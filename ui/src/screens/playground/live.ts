/** What the events of a run say so far: of its nodes, its connections, its outputs and its end. */
import { allConnections, type Definition, isConditional, pathOf } from "../../canvas/definition";
import type { RunState } from "../../canvas/FlowNode";
import type { Body } from "../../server";

export type Line = Body<"Began"> | Body<"EventList">["events"][number];

export interface NodeRun {
  state: RunState;
  type: string;
  times: number;
  startedNs: number;
  durationMs: number | null;
  inputs: Record<string, unknown> | null;
  outputs: Record<string, unknown> | null;
  conditions: string[];
  error: string | null;
}

export type LiveStatus = "running" | "asks" | "done" | "failed" | "stopped";

export interface Live {
  status: LiveStatus;
  began: Body<"Began"> | null;
  nodes: Record<string, NodeRun>;
  taken: Set<string>;
  outputs: { node: string; value: unknown }[];
  question: { node: string; value: unknown } | null;
  error: string | null;
  startedNs: number | null;
  lastNs: number | null;
}

export const NOTHING: Live = {
  status: "running",
  began: null,
  nodes: {},
  taken: new Set(),
  outputs: [],
  question: null,
  error: null,
  startedNs: null,
  lastNs: null,
};

interface Scoped {
  node: string;
  scope?: { node: string; type: string }[];
}

/** The name of a node among all: with the loops that it stands in. */
function nameOf({ node, scope = [] }: Scoped): string {
  const loops = scope.filter((link) => link.type === "Loop").map((link) => link.node);
  return pathOf(loops.join("/"), node);
}

function valuesOf(event: { ports?: { name: string }[]; values?: unknown[] }): Record<string, unknown> {
  return Object.fromEntries((event.ports ?? []).map((port, place) => [port.name, event.values?.[place]]));
}

/** What is known after another line. */
export function hear(live: Live, line: Line, definition: Definition): Live {
  if (line.event === "execution") return { ...live, status: "running", began: line, question: null };
  const known = { ...live, lastNs: line.at_ns, startedNs: live.startedNs ?? line.at_ns };
  switch (line.event) {
    case "node_started":
      return started(known, line, definition);
    case "node_finished":
      return ended(known, line, { state: "done", type: line.type, outputs: valuesOf(line) });
    case "conditions_decided":
      return decided(known, line, definition);
    case "node_failed":
      return ended(known, line, { state: "failed", error: line.message });
    case "flow_output":
      return {
        ...ended(known, line, { state: "done" }),
        outputs: [...known.outputs, { node: line.node, value: line.value }],
      };
    case "input_requested":
      return {
        ...ended(known, line, { state: "waiting" }),
        question: { node: line.node, value: line.value },
      };
    case "flow_finished":
      return { ...known, status: line.reason === "SUCCESS" ? "done" : "asks" };
    case "flow_failed":
      return { ...halted(known), status: "failed", error: line.message };
    case "flow_aborted":
      return { ...halted(known), status: "stopped" };
    default:
      return known;
  }
}

function started(live: Live, event: Body<"NodeStarted">, definition: Definition): Live {
  const name = nameOf(event);
  const before = live.nodes[name];
  const run: NodeRun = {
    state: event.type === "LoopController" ? "done" : "running",
    type: event.type,
    times: (before?.times ?? 0) + 1,
    startedNs: event.at_ns,
    durationMs: null,
    inputs: valuesOf(event),
    outputs: null,
    conditions: [],
    error: null,
  };
  const within = name.slice(0, Math.max(name.length - event.node.length - 1, 0));
  const into = new Set(
    (event.ports ?? []).map((port) => `${port.source.node} ${port.source.output} ${port.name}`),
  );
  const came = allConnections(definition).filter(({ connection, ...place }) => {
    const { sourceOutput, targetInput } = connection.configuration?.data ?? {};
    const isHere = place.within === within && connection.target === event.node;
    return isHere && into.has(`${connection.source} ${sourceOutput} ${targetInput}`);
  });
  const taken = new Set([...live.taken, ...came.map((one) => one.path)]);
  return { ...live, nodes: { ...live.nodes, [name]: run }, taken };
}

function ended(live: Live, event: Scoped & { at_ns: number }, what: Partial<NodeRun>): Live {
  const name = nameOf(event);
  const before = live.nodes[name];
  const run: NodeRun = {
    state: "done",
    type: "",
    times: before?.times ?? 1,
    startedNs: event.at_ns,
    inputs: null,
    outputs: null,
    conditions: [],
    error: null,
    ...before,
    durationMs: before ? (event.at_ns - before.startedNs) / 1e6 : 0,
    ...what,
  };
  return { ...live, nodes: { ...live.nodes, [name]: { ...run, type: run.type || before?.type || "" } } };
}

function decided(live: Live, event: Body<"ConditionsDecided">, definition: Definition): Live {
  const name = nameOf(event);
  const within = name.slice(0, Math.max(name.length - event.node.length - 1, 0));
  const won = allConnections(definition).filter(
    ({ connection, ...place }) =>
      isConditional(connection) &&
      place.within === within &&
      connection.source === event.node &&
      event.conditions.includes(connection.configuration?.conditional?.condition ?? ""),
  );
  const known = ended(live, event, { state: "done", conditions: event.conditions });
  return { ...known, taken: new Set([...known.taken, ...won.map((one) => one.path)]) };
}

/** Nothing runs any more. */
export function halted(live: Live): Live {
  const nodes = Object.fromEntries(
    Object.entries(live.nodes).map(([name, run]) => [
      name,
      run.state === "running" ? { ...run, state: "skipped" as const } : run,
    ]),
  );
  return { ...live, nodes };
}
