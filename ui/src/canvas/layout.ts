/** Where nodes are drawn: from left to right, in the order in which values flow. */
import dagre from "@dagrejs/dagre";
import { type Definition, type DefinitionNode, inputsOf, outputsOf } from "./definition";

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

const CHARACTER = 6.3;
const HEAD = 46;
const PORT = 17;

/** How much room a node takes: its ports are named at its left and right edge. */
export function sizeOf(node: DefinitionNode): { width: number; height: number } {
  const inputs = inputsOf(node);
  const outputs = outputsOf(node);
  const longest = (names: string[]) => Math.max(0, ...names.map((name) => name.length));
  const ports = longest(inputs.map((one) => one.name)) + longest(outputs.map((one) => one.name));
  const width = Math.max(140, ports * CHARACTER + 44, node.name.length * 7.4 + 62);
  const rows = Math.max(inputs.length, outputs.length);
  return { width: Math.min(320, Math.round(width)), height: HEAD + rows * PORT + (rows ? 8 : 0) };
}

/** The boxes of all nodes by name. The same definition always gives the same boxes. */
export function layout(definition: Definition): Map<string, Box> {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: "LR", nodesep: 26, ranksep: 62, marginx: 20, marginy: 20 });
  graph.setDefaultEdgeLabel(() => ({}));
  const nodes = definition.nodes ?? [];
  for (const node of nodes) graph.setNode(node.name, sizeOf(node));
  for (const { source, target } of definition.connections ?? []) {
    if (graph.hasNode(source) && graph.hasNode(target)) graph.setEdge(source, target);
  }
  dagre.layout(graph);
  return new Map(
    nodes.map(({ name }) => {
      const { x, y, width, height } = graph.node(name) as Box;
      return [name, { x: x - width / 2, y: y - height / 2, width, height }];
    }),
  );
}
