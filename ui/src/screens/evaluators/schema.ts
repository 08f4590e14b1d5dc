/** JSON Schemas of forms, as the server makes them, and values that are written in them. */

export interface Schema {
  type?: string;
  const?: unknown;
  enum?: (string | number)[];
  title?: string;
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  "x-form"?: "code" | "text" | "messages" | "model";
  "x-words"?: Record<string, string>;
  "x-only-for"?: Record<string, unknown[]>;
}

export type Value = Record<string, unknown>;

/** The members that count for a value, in their order. */
export function membersOf(schema: Schema, value: Value): [string, Schema][] {
  return Object.entries(schema.properties ?? {}).filter(
    ([, member]) => member.const === undefined && isWanted(member, value),
  );
}

function isWanted(member: Schema, value: Value): boolean {
  return Object.entries(member["x-only-for"] ?? {}).every(([name, wanted]) => wanted.includes(value[name]));
}

/** A value with one member changed; what is empty is not said. */
export function withMember(value: Value, name: string, said: unknown): Value {
  const { [name]: _, ...rest } = value;
  const isNothing = said === undefined || said === null || said === "" || isEmptyList(said);
  return isNothing ? rest : { ...rest, [name]: said };
}

function isEmptyList(said: unknown): boolean {
  return Array.isArray(said) && said.length === 0;
}

/** A value without the members that do not count any more. */
export function pruned(schema: Schema, value: Value): Value {
  const gone = Object.entries(schema.properties ?? {}).filter(([, member]) => !isWanted(member, value));
  const names = new Set(gone.map(([name]) => name));
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.has(name)));
}

/** Whether two values say the same, in whatever order. */
export function isSame(one: unknown, other: unknown): boolean {
  return sorted(one) === sorted(other);
}

function sorted(value: unknown): string {
  return JSON.stringify(value, (_, inner) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(
          Object.entries(inner)
            .filter(([, said]) => said !== null)
            .sort(([a], [b]) => (a < b ? -1 : 1)),
        )
      : inner,
  );
}

/** A word of a schema as people read it: `multi_select` is `multi select`. */
export function worded(word: string | number): string {
  return String(word).replaceAll("_", " ");
}
