/** What can be done to a level: each takes one and gives another. What hangs on what is changed follows. */
import type { DefinitionConnection, DefinitionNode } from "../../../canvas/definition";
import { isConditional } from "../../../canvas/definition";
import type { Level } from "./levels";
import { freeName } from "./names";

export type Side = "inputs" | "outputs";
const CONNECTION_NAME = 100;

export function nodeOf(level: Level, name: string | null | undefined): DefinitionNode | null {
  return level.nodes?.find((node) => node.name === name) ?? null;
}

const namesOf = (items: { name: string }[] | undefined) => (items ?? []).map(({ name }) => name);

/** A level with one more node, under a name of its own, which is told too. */
export function addNode(level: Level, example: DefinitionNode): { level: Level; name: string } {
  const name = freeName(example.name, namesOf(level.nodes));
  return { level: { ...level, nodes: [...(level.nodes ?? []), { ...example, name }] }, name };
}

export function changeNode(
  level: Level,
  name: string,
  change: (node: DefinitionNode) => DefinitionNode,
): Level {
  return { ...level, nodes: (level.nodes ?? []).map((node) => (node.name === name ? change(node) : node)) };
}

function changeConnections(
  level: Level,
  change: (connection: DefinitionConnection) => DefinitionConnection | null,
): Level {
  return { ...level, connections: (level.connections ?? []).flatMap((one) => change(one) ?? []) };
}

/** Another name for a node; its connections follow. A name that is taken or empty changes nothing. */
export function renameNode(level: Level, old: string, name: string): Level {
  if (!name || name === old || namesOf(level.nodes).includes(name)) return level;
  const renamed = changeNode(level, old, (node) => ({ ...node, name }));
  return changeConnections(renamed, (one) => ({
    ...one,
    source: one.source === old ? name : one.source,
    target: one.target === old ? name : one.target,
  }));
}

/** Without these nodes, and without the connections that began or ended there. */
export function removeNodes(level: Level, names: string[]): Level {
  const gone = new Set(names);
  return {
    ...level,
    nodes: (level.nodes ?? []).filter(({ name }) => !gone.has(name)),
    connections: (level.connections ?? []).filter(
      ({ source, target }) => !gone.has(source) && !gone.has(target),
    ),
  };
}

export function removeConnection(level: Level, name: string): Level {
  return { ...level, connections: (level.connections ?? []).filter((one) => one.name !== name) };
}

/** Where a connection begins and ends: at ports, or as a condition's turn at the whole node. */
export interface Ends {
  source: string;
  output?: string;
  condition?: string;
  target: string;
  input?: string;
}

/** With a connection. An input takes one value, so what came to it before is let go. */
export function connect(level: Level, ends: Ends): { level: Level; name: string } | null {
  const { source, target, output, input, condition } = ends;
  if (!nodeOf(level, source) || !nodeOf(level, target) || source === target) return null;
  const isTurn = condition !== undefined;
  if (!isTurn && (output === undefined || input === undefined)) return null;
  const others = (level.connections ?? []).filter((one) => !isReplaced(one, ends));
  const wanted = isTurn ? `${source}${condition}${target}` : `${source}To${target}${capital(input ?? "")}`;
  const name = freeName(wanted, namesOf(others), CONNECTION_NAME);
  const made: DefinitionConnection = {
    name,
    type: isTurn ? "Conditional" : "Data",
    source,
    target,
    configuration: isTurn
      ? { conditional: { condition } }
      : { data: { sourceOutput: output, targetInput: input } },
  };
  return { level: { ...level, connections: [...others, made] }, name };
}

function isReplaced(one: DefinitionConnection, { source, target, input, condition }: Ends): boolean {
  if (one.target !== target) return false;
  const { data, conditional } = one.configuration ?? {};
  if (condition !== undefined) {
    return isConditional(one) && one.source === source && conditional?.condition === condition;
  }
  return !isConditional(one) && data?.targetInput === input;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** Another name for a port; what is connected to it follows. */
export function renamePort(level: Level, node: string, side: Side, old: string, name: string): Level {
  if (!name || namesOf(nodeOf(level, node)?.[side]).includes(name)) return level;
  const renamed = changeNode(level, node, (one) => ({
    ...one,
    [side]: one[side]?.map((port) => (port.name === old ? { ...port, name } : port)),
  }));
  return changeConnections(renamed, (one) => followPort(one, node, side, old, name));
}

/** Without a port, and without what was connected to it. */
export function removePort(level: Level, node: string, side: Side, name: string): Level {
  const without = changeNode(level, node, (one) => ({
    ...one,
    [side]: one[side]?.filter((port) => port.name !== name),
  }));
  return changeConnections(without, (one) => followPort(one, node, side, name, null));
}

function followPort(
  one: DefinitionConnection,
  node: string,
  side: Side,
  old: string,
  name: string | null,
): DefinitionConnection | null {
  const data = one.configuration?.data;
  const [end, port] =
    side === "inputs" ? (["target", "targetInput"] as const) : (["source", "sourceOutput"] as const);
  if (!data || one[end] !== node || data[port] !== old) return one;
  return name === null ? null : { ...one, configuration: { data: { ...data, [port]: name } } };
}

export function addPort(level: Level, node: string, side: Side, port: { name: string; type: string }): Level {
  return changeNode(level, node, (one) => {
    const name = freeName(port.name, namesOf(one[side]));
    const made = side === "inputs" ? { ...port, name, expression: "$.data" } : { ...port, name };
    return { ...one, [side]: [...(one[side] ?? []), made] };
  });
}

export function changePort(level: Level, node: string, side: Side, name: string, said: object): Level {
  return changeNode(level, node, (one) => ({
    ...one,
    [side]: one[side]?.map((port) => (port.name === name ? { ...port, ...said } : port)),
  }));
}
