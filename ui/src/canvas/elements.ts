/** A definition as what the canvas library draws: nodes with measured ports, and lines between them. */
import { type Edge, MarkerType, Position } from "@xyflow/react";
import {
  allConnections,
  allNodes,
  bodyOf,
  type Definition,
  type DefinitionNode,
  inputsOf,
  isConditional,
  outputsOf,
  pathOf,
  portsOf,
} from "./definition";
import type { FlowNodeData, FlowNodeType } from "./FlowNode";
import { type Box, HANDLE, HEAD, type Layout, type Point, portY } from "./layout";

/** Where a conditional connection ends. */
export const WHEN = "when";

type Handles = NonNullable<FlowNodeType["handles"]>;

const handles = new WeakMap<DefinitionNode, { width: number; found: Handles }>();

/** The same for the same node, so that it need not be drawn again. */
function knownHandles(node: DefinitionNode, box: Box): Handles {
  const known = handles.get(node);
  if (known?.width === box.width) return known.found;
  const found = handlesOf(node, box);
  handles.set(node, { width: box.width, found });
  return found;
}

/** The handles of a node, so that lines can be drawn before anything was measured. */
export function handlesOf(node: DefinitionNode, { width }: Box): Handles {
  const handle = (id: string, type: "source" | "target", middle: number) => ({
    id,
    type,
    position: type === "target" ? Position.Left : Position.Right,
    x: (type === "target" ? 0 : width) - HANDLE / 2,
    y: middle - HANDLE / 2,
    width: HANDLE,
    height: HANDLE,
  });
  return [
    handle(WHEN, "target", HEAD / 2),
    ...inputsOf(node).map(({ id }, index) => handle(id, "target", portY(index))),
    ...outputsOf(node).map(({ id }, index) => handle(id, "source", portY(index))),
  ];
}

const NOWHERE: Box = { x: 0, y: 0, width: 150, height: HEAD };

/** All nodes, loops before what is in them. */
export function nodesOf(
  definition: Definition,
  boxes: Map<string, Box>,
  said: (path: string) => Omit<FlowNodeData, "node">,
): FlowNodeType[] {
  return allNodes(definition).map(({ path, within, node }) => {
    const box = boxes.get(path) ?? NOWHERE;
    const { width, height } = box;
    return {
      id: path,
      type: "flow",
      parentId: within || undefined,
      position: { x: box.x, y: box.y },
      width,
      height,
      measured: { width, height },
      handles: knownHandles(node, box),
      data: { node, isGroup: bodyOf(node) !== null, ...said(path) },
      ariaLabel: `${node.type} ${node.name}`,
    };
  });
}

export interface LineData extends Record<string, unknown> {
  bends?: Point[];
  label?: string;
}

export type Line = Edge<LineData, "line">;

/** All connections; `said` adds classes, what is written at one, and whether it is chosen. */
export function linesOf(
  definition: Definition,
  bends: Layout["bends"] | null,
  said: (path: string) => { className?: string; label?: string; selected?: boolean },
): Line[] {
  return allConnections(definition).map(({ path, within, connection }) => {
    const ports = portsOf(connection);
    const { className, label, selected } = said(path);
    const points = within ? undefined : bends?.get(path);
    return {
      id: path,
      type: "line",
      source: pathOf(within, connection.source),
      target: pathOf(within, connection.target),
      sourceHandle: ports.source,
      targetHandle: ports.target ?? WHEN,
      className: [isConditional(connection) && "conditional", className].filter(Boolean).join(" "),
      markerEnd: { type: MarkerType.ArrowClosed, width: 14, height: 14 },
      selected,
      data: { bends: points, label },
      zIndex: within ? 1 : 0,
      ariaLabel: `${connection.source} to ${connection.target}`,
    };
  });
}
