/** What contents say, read without trusting their shape. */

export type Said = Record<string, unknown>;

/** A value as a text: texts as they are, the rest as JSON. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

/** The same, on one line where it is short. */
export function lineOf(value: unknown): string {
  const line = typeof value === "string" ? value : JSON.stringify(value);
  return line.length > 100 ? textOf(value) : line;
}

/** What a prompt says beside its template and tools, name by name. */
export function parametersOf(prompt: Said): [string, string][] {
  const apart = new Set(["template", "tools", "linked_tools", "attributes"]);
  const names = Object.keys(prompt).filter((name) => !apart.has(name) && prompt[name] !== null);
  return names.map((name) => [name.replaceAll("_", " "), short(prompt[name])]);
}

function short(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

export interface Parameter {
  name: string;
  type: string;
  about: string;
  isRequired: boolean;
}

export interface ToolSaid {
  name: string;
  about: string;
  parameters: Parameter[];
  /** The file that it is; null when it is told of here. */
  file: string | null;
  onCall: string | null;
}

/** A tool as prompts, agents and files of tools tell of it. */
export function toolOf(given: unknown): ToolSaid {
  const said = (given ?? {}) as Said;
  const told = (said.json_schema ?? said) as Said;
  const link = said.link as { file_id?: string } | undefined;
  return {
    name: String(told.name ?? (link ? "a file" : "a tool")),
    about: String(told.description ?? ""),
    parameters: parametersIn(told.parameters),
    file: link?.file_id ?? null,
    onCall: typeof said.on_agent_call === "string" ? said.on_agent_call : null,
  };
}

function parametersIn(schema: unknown): Parameter[] {
  const { properties, required } = (schema ?? {}) as {
    properties?: Record<string, Said>;
    required?: string[];
  };
  if (typeof properties !== "object" || properties === null) return [];
  return Object.entries(properties).map(([name, one]) => ({
    name,
    type: String(one?.type ?? (one?.enum ? "one of" : "any")),
    about: [one?.description, one?.enum && textList(one.enum)].filter(Boolean).join(" "),
    isRequired: Array.isArray(required) && required.includes(name),
  }));
}

function textList(values: unknown): string {
  return Array.isArray(values) ? values.map((one) => JSON.stringify(one)).join(", ") : "";
}

/** The variables of a template, each once: `{{name}}`. */
export function variablesIn(template: unknown): string[] {
  const found = textOf(template ?? "").matchAll(/\{\{-?\s*([\p{L}_][\p{L}\p{N}_.-]*)/gu);
  return [...new Set([...found].map((one) => one[1] ?? ""))];
}

/** A datapoint's values for a table: which inputs there are, over all of them. */
export function inputsOf(datapoints: Said[]): string[] {
  const names = datapoints.flatMap((one) => Object.keys((one.inputs as Said | null) ?? {}));
  return [...new Set(names)];
}
