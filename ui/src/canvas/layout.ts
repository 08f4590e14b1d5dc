/** Where nodes are drawn: from left to right, in the order in which values flow. */
import dagre from "@dagrejs/dagre";
import { bodyOf, type Definition, type DefinitionNode, inputsOf, outputsOf, pathOf } from "./definition";

export interface Point {
  x: number;
  y: number;
}

/** Where a node is, seen from the loop that it is in. */
export interface Box extends Point {
  width: number;
  height: number;
}

export interface Layout {
  /** By the nodes' paths. */
  boxes: Map<string, Box>;
  /** The bends of connections that pass by other nodes, by their names; not of those in loops. */
  bends: Map<string, Point[]>;
}

export const HEAD = 44;
export const PORT = 18;
export const HANDLE = 8;
const PAD = 8;
const CHARACTER = 6.4;
const MARGIN = 16;

interface Laid extends Layout {
  width: number;
  height: number;
}

/** How high the ports of a node reach: a loop's body begins below. */
export function portsHeight(node: DefinitionNode): number {
  const rows = Math.max(inputsOf(node).length, outputsOf(node).length);
  return rows ? rows * PORT + PAD : 0;
}

/** The middle of a port's row, from the node's top. */
export function portY(index: number): number {
  return HEAD + index * PORT + PORT / 2;
}

/** How much room a node takes by itself: its ports are named at its left and right edge. */
export function sizeOf(node: DefinitionNode): { width: number; height: number } {
  const longest = (names: string[]) => Math.max(0, ...names.map((name) => name.length));
  const named = [inputsOf(node), outputsOf(node)].map((ports) => longest(ports.map((one) => one.name)));
  const ports = named.reduce((sum, one) => sum + one, 0);
  const width = Math.max(
    150,
    ports * CHARACTER + 48,
    Math.max(node.name.length, node.type.length) * 7.4 + 62,
  );
  return { width: Math.min(340, Math.round(width)), height: HEAD + portsHeight(node) };
}

/** The boxes of all nodes. The same definition always gives the same. */
export function layout(definition: Definition): Layout {
  return laid(definition, "");
}

function laid(definition: Definition, within: string): Laid {
  const graph = new dagre.graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: "LR", nodesep: 26, ranksep: 54, edgesep: 14, marginx: MARGIN, marginy: MARGIN });
  const nodes = definition.nodes ?? [];
  const bodies = new Map<string, Laid>();
  for (const node of nodes) {
    const body = bodyOf(node);
    const inner = body && laid(body, pathOf(within, node.name));
    if (inner) bodies.set(node.name, inner);
    graph.setNode(node.name, around(node, inner));
  }
  const joined = (definition.connections ?? []).filter(
    ({ source, target }) => graph.hasNode(source) && graph.hasNode(target),
  );
  for (const { source, target, name } of joined) graph.setEdge(source, target, {}, name);
  dagre.layout(graph);
  return collected(graph, definition, within, bodies);
}

/** A loop is as large as what is in it. */
function around(node: DefinitionNode, inner: Laid | null): { width: number; height: number } {
  const own = sizeOf(node);
  return inner ? { width: Math.max(own.width, inner.width), height: own.height + inner.height } : own;
}

function collected(
  graph: dagre.graphlib.Graph,
  definition: Definition,
  within: string,
  bodies: Map<string, Laid>,
): Laid {
  const boxes = new Map<string, Box>();
  const bends = new Map<string, Point[]>();
  for (const node of definition.nodes ?? []) {
    const { x, y, width, height } = graph.node(node.name) as Box;
    boxes.set(pathOf(within, node.name), { x: x - width / 2, y: y - height / 2, width, height });
    const inner = bodies.get(node.name);
    const top = HEAD + portsHeight(node);
    for (const [path, box] of inner?.boxes ?? []) {
      const isRight = path.split("/").length === pathOf(within, node.name).split("/").length + 1;
      boxes.set(path, isRight ? { ...box, y: box.y + top } : box);
    }
  }
  const columns = columnsOf(graph, definition);
  for (const edge of graph.edges()) {
    const points = (graph.edge(edge) as { points?: Point[] }).points ?? [];
    const passed = points.slice(1, -1).flatMap((point) => across(point, columns));
    if (passed.length) bends.set(edge.name ?? "", passed);
  }
  const { width = 0, height = 0 } = graph.graph();
  return { boxes, bends, width, height };
}

/** How wide the nodes are that stand above each other, by their middle. */
function columnsOf(graph: dagre.graphlib.Graph, definition: Definition): Map<number, number> {
  const columns = new Map<number, number>();
  for (const { name } of definition.nodes ?? []) {
    const { x, width } = graph.node(name) as Box;
    columns.set(Math.round(x), Math.max(columns.get(Math.round(x)) ?? 0, width));
  }
  return columns;
}

/** A bend beside a column of nodes becomes a level way past it; bends between columns are let go. */
function across({ x, y }: Point, columns: Map<number, number>): Point[] {
  const width = columns.get(Math.round(x));
  return width === undefined
    ? []
    : [
        { x: x - width / 2, y },
        { x: x + width / 2, y },
      ];
}
