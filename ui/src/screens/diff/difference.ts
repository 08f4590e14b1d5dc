/** What differs, as the server tells it, made ready to be drawn: marks of nodes, one graph of both, pieces of texts. */
import type { Definition, DefinitionConnection, DefinitionNode } from "../../canvas/definition";
import type { Mark } from "../../canvas/FlowNode";
import type { Body } from "../../server";

export type Difference = Body<"DifferenceBody">;
export type Edit = Difference["edits"][number];
export type GraphEdit = Extract<Edit, { change: "graph" }>;
export type TextEdit = Extract<Edit, { change: "text" }>;
export type NodeChange = NonNullable<GraphEdit["nodes"]>[number];
export type ConnectionChange = NonNullable<GraphEdit["connections"]>[number];
export type Span = TextEdit["spans"][number];

/** The edits of the outermost graph; null where there is none, or nothing in it differs. */
export function graphEdit(difference: Difference): GraphEdit | null {
  const isOuter = (edit: Edit) => edit.change === "graph" && edit.path.length <= 1;
  return (difference.edits.find(isOuter) as GraphEdit | undefined) ?? null;
}

/** Whether a changed node has another name and nothing else. */
export function isOnlyRenamed(node: NodeChange): boolean {
  return node.change === "changed" && node.was !== node.name && !node.edits?.length;
}

export function markOf(node: NodeChange): Mark {
  return isOnlyRenamed(node) ? "renamed" : (node.change as Mark);
}

/** The marks of nodes, by the names that they have in the graph of both. */
export function marksOf(graph: GraphEdit | null): Record<string, Mark> {
  const pairs = (graph?.nodes ?? []).map((node) => [drawnName(node, graph), markOf(node)] as const);
  return Object.fromEntries(pairs);
}

/** A removed node is drawn beside one that has its name now. */
function drawnName(node: NodeChange, graph: GraphEdit | null): string {
  if (node.change !== "removed") return node.name;
  const isTaken = (graph?.nodes ?? []).some((one) => one.change !== "removed" && one.name === node.name);
  return isTaken ? `${node.name} (before)` : node.name;
}

/** The marks of connections, by their names in the graph of both. */
export function edgeMarksOf(graph: GraphEdit | null): Record<string, Mark> {
  const marks: Record<string, Mark> = {};
  for (const one of graph?.connections ?? []) {
    if (one.change === "removed") marks[`${one.name} (before)`] = "removed";
    else marks[one.name] = one.change === "changed" ? "changed" : "added";
  }
  return marks;
}

/** The graph after, with what was removed put back in, so that it can be seen as removed. */
export function merged(after: Definition, graph: GraphEdit | null): Definition {
  const nodes: DefinitionNode[] = [...(after.nodes ?? [])];
  const now = new Map<string, string>();
  for (const one of graph?.nodes ?? []) {
    if (one.change === "changed") now.set(one.was, one.name);
    if (one.change !== "removed") continue;
    const name = drawnName(one, graph);
    now.set(one.name, name);
    nodes.push({ ...(one.node as unknown as DefinitionNode), name });
  }
  const gone = (graph?.connections ?? [])
    .filter((one) => one.change === "removed")
    .map((one) => {
      const connection = one.connection as unknown as DefinitionConnection;
      const source = now.get(connection.source) ?? connection.source;
      const target = now.get(connection.target) ?? connection.target;
      return { ...connection, name: `${connection.name} (before)`, source, target };
    });
  return { nodes, connections: [...(after.connections ?? []), ...gone] };
}

/** A path as people write it: `configuration.prompt.text`, `inputs[0].name`. */
export function pathText(path: (string | number)[]): string {
  return path
    .map((step, place) => (typeof step === "number" ? `[${step}]` : place ? `.${step}` : step))
    .join("");
}

const STEPS = 3;

/** The end of a path: what is far above a value hardly tells anything. */
export function shortPath(path: (string | number)[]): string {
  return path.length <= STEPS ? pathText(path) : `… ${pathText(path.slice(-STEPS)).replace(/^\./, "")}`;
}

/** A JSON value as text: what is a text stays one. */
export function valueText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

export interface Piece {
  in: "both" | "before" | "after" | "left out";
  text: string;
}

const AROUND = 90;

/** The spans of prose, with what is far from any change left out. */
export function wordPieces(spans: Span[]): Piece[] {
  return spans.flatMap((span, place): Piece[] => {
    if (span.in !== "both" || span.text.length <= AROUND * 2 + 20) return [span as Piece];
    const head = place === 0 ? "" : span.text.slice(0, AROUND);
    const tail = place === spans.length - 1 ? "" : span.text.slice(-AROUND);
    const left = span.text.length - head.length - tail.length;
    const pieces: Piece[] = [
      { in: "both", text: head },
      { in: "left out", text: `${left} characters` },
      { in: "both", text: tail },
    ];
    return pieces.filter((piece) => piece.text);
  });
}

const CONTEXT = 2;

/** The spans of code as lines, with those far from any change left out. */
export function linePieces(spans: Span[]): Piece[] {
  return spans.flatMap((span, place): Piece[] => {
    const lines = span.text.replace(/\n$/, "").split("\n");
    const all = lines.map((text): Piece => ({ in: span.in as Piece["in"], text }));
    if (span.in !== "both" || lines.length <= CONTEXT * 2 + 1) return all;
    const head = place === 0 ? [] : all.slice(0, CONTEXT);
    const tail = place === spans.length - 1 ? [] : all.slice(-CONTEXT);
    const left = lines.length - head.length - tail.length;
    return [...head, { in: "left out", text: `${left} lines` }, ...tail];
  });
}

/** How much differs in connections: how many are new, gone, and otherwise. */
export function connectionCounts(graph: GraphEdit | null): {
  added: number;
  removed: number;
  changed: number;
} {
  const counts = { added: 0, removed: 0, changed: 0 };
  for (const one of graph?.connections ?? []) counts[one.change as keyof typeof counts] += 1;
  return counts;
}
