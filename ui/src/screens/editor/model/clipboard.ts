/** Nodes as JSON, out and in: the same form as a definition has. */
import { isGraph } from "../../../canvas/definition";
import type { Level } from "./levels";
import { freeName } from "./names";

/** These nodes and what connects them among each other; of no names, everything. */
export function copied(level: Level, names: string[]): string {
  const wanted = new Set(names.length ? names : (level.nodes ?? []).map((node) => node.name));
  const nodes = (level.nodes ?? []).filter((node) => wanted.has(node.name));
  const connections = (level.connections ?? []).filter(
    ({ source, target }) => wanted.has(source) && wanted.has(target),
  );
  return JSON.stringify({ nodes, connections }, null, 2);
}

/** With the nodes of a text, under names of their own; which they are is told too. */
export function pasted(level: Level, text: string): { level: Level; names: string[] } {
  const found = read(text);
  const taken = new Set((level.nodes ?? []).map((node) => node.name));
  const called = new Map<string, string>();
  for (const node of found.nodes ?? []) {
    const name = taken.has(node.name) ? freeName(node.name, taken) : node.name;
    taken.add(name);
    called.set(node.name, name);
  }
  const nodes = (found.nodes ?? []).map((node) => ({ ...node, name: called.get(node.name) ?? node.name }));
  const known = new Set((level.connections ?? []).map((one) => one.name));
  const connections = (found.connections ?? []).flatMap((one) => {
    const [source, target] = [called.get(one.source), called.get(one.target)];
    if (source === undefined || target === undefined) return [];
    const name = known.has(one.name) ? freeName(one.name, known, 100) : one.name;
    known.add(name);
    return [{ ...one, name, source, target }];
  });
  return {
    level: {
      ...level,
      nodes: [...(level.nodes ?? []), ...nodes],
      connections: [...(level.connections ?? []), ...connections],
    },
    names: nodes.map((node) => node.name),
  };
}

function read(text: string): Level {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error("This is not JSON.");
  }
  const inner = (value as { definition?: unknown } | null)?.definition ?? value;
  if (!isGraph(inner)) throw new Error('This JSON has no "nodes".');
  if (!inner.nodes?.every((node) => typeof node?.name === "string" && typeof node.type === "string")) {
    throw new Error("Each node needs a name and a type.");
  }
  return inner;
}
