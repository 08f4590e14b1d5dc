/** A node's settings, and what follows from them: the ports of a prompt, of a knowledge base, of a condition. */
import type { DefinitionNode } from "../../../canvas/definition";
import { isConditional } from "../../../canvas/definition";
import type { Body } from "../../../server";
import { changeNode, nodeOf } from "./edits";
import type { Level } from "./levels";

export type NodeTypeBody = Body<"NodeTypeBody">;
type Settings = Record<string, unknown>;

export function settingsOf(node: DefinitionNode, key: string): Settings {
  return (node.configuration?.[key] as Settings | undefined) ?? {};
}

/** With other settings of a node; ports that hang on them come and go, and renamed conditions stay connected. */
export function setSettings(level: Level, name: string, type: NodeTypeBody, settings: Settings): Level {
  const before = nodeOf(level, name);
  if (!before) return level;
  const old = settingsOf(before, type.settings_key);
  const changed = changeNode(level, name, (node) =>
    withFixedOutputs({ ...node, configuration: { [type.settings_key]: settings } }, type, settings),
  );
  return followConditions(changed, name, conditionNames(old), conditionNames(settings));
}

/** The outputs that exist with these settings; a type has them all or by what is set. */
function withFixedOutputs(node: DefinitionNode, type: NodeTypeBody, settings: Settings): DefinitionNode {
  if (!type.outputs.some((port) => port.given || port.without)) return node;
  const isSet = (name: string | null) => name !== null && Boolean(settings[name]);
  const outputs = type.outputs
    .filter((port) => (port.given ? isSet(port.given) : !isSet(port.without)))
    .map(({ name, type: of }) => ({ name, type: of ?? "String" }));
  return { ...node, outputs };
}

function conditionNames(settings: Settings): string[] {
  const { conditions } = settings as { conditions?: { name?: string }[] };
  return Array.isArray(conditions) ? conditions.map((one) => one.name ?? "") : [];
}

function followConditions(level: Level, node: string, before: string[], after: string[]): Level {
  if (before.join("\n") === after.join("\n")) return level;
  const renamed = new Map<string, string>();
  if (before.length === after.length) {
    const differing = before.map((_, index) => index).filter((index) => before[index] !== after[index]);
    const [only] = differing;
    if (differing.length === 1 && only !== undefined) renamed.set(before[only] ?? "", after[only] ?? "");
  }
  const connections = (level.connections ?? []).flatMap((one) => {
    const condition = one.configuration?.conditional?.condition;
    if (one.source !== node || !isConditional(one) || condition === undefined) return [one];
    const name = renamed.get(condition) ?? condition;
    return after.includes(name) ? [{ ...one, configuration: { conditional: { condition: name } } }] : [];
  });
  return { ...level, connections };
}

/** With an input for each variable; inputs that are no variable any more go, unless they are connected. */
export function setVariables(level: Level, name: string, variables: string[]): Level {
  const node = nodeOf(level, name);
  if (!node) return level;
  const connected = new Set(
    (level.connections ?? [])
      .filter(({ target }) => target === name)
      .map((one) => one.configuration?.data?.targetInput ?? ""),
  );
  const kept = (node.inputs ?? []).filter((one) => variables.includes(one.name) || connected.has(one.name));
  const known = new Set(kept.map((one) => one.name));
  const added = variables
    .filter((one) => !known.has(one))
    .map((one) => ({ name: one, type: "String", expression: "$.data" }));
  if (!added.length && kept.length === (node.inputs ?? []).length) return level;
  const names = [...kept, ...added].map((one) => one.name);
  return changeNode(level, name, (one) => ({
    ...one,
    inputs: [...kept, ...added],
    configuration: declared(one.configuration, names) as DefinitionNode["configuration"],
  }));
}

/** Where a template declares its variables by name, it declares these. */
function declared(value: unknown, names: string[]): unknown {
  if (Array.isArray(value)) return value.map((one) => declared(one, names));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      key === "inputVariables" ? names.map((name) => ({ name })) : declared(inner, names),
    ]),
  );
}
