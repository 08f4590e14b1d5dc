/** A definition has levels: the flow itself, and what each loop repeats. One of them is edited at a time. */
import { bodyOf, type Definition } from "../../../canvas/definition";

export type Level = Definition;

/** What the loops with these names, outermost first, lead to; null when one of them is not there. */
export function levelAt(definition: Definition, loops: string[]): Level | null {
  let level: Level = definition;
  for (const name of loops) {
    const loop = level.nodes?.find((node) => node.name === name);
    const body = loop && bodyOf(loop);
    if (!body) return null;
    level = body;
  }
  return level;
}

/** The definition with another level there. */
export function withLevel(definition: Definition, loops: string[], level: Level): Definition {
  const [name, ...rest] = loops;
  if (name === undefined) return level;
  const nodes = (definition.nodes ?? []).map((node) => {
    const body = node.name === name ? bodyOf(node) : null;
    if (!body) return node;
    const { loop } = node.configuration as { loop: object };
    return {
      ...node,
      configuration: { ...node.configuration, loop: { ...loop, definition: withLevel(body, rest, level) } },
    };
  });
  return { ...definition, nodes };
}
