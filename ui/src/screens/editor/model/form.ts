/** JSON Schema as forms need it: what a value begins with, and what may be chosen. */

export interface Schema {
  type?: string;
  title?: string;
  description?: string;
  format?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  enum?: string[];
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
  maxProperties?: number;
  "x-follows"?: { member: string; values: Record<string, string> };
}

export type Values = Record<string, unknown>;

/** Whether exactly one member is to be chosen. */
export function isChoice(schema: Schema): boolean {
  return schema.type === "object" && schema.maxProperties === 1;
}

/** Whether anything may stand there, so that it is written as JSON. */
export function isFree(schema: Schema): boolean {
  return (
    schema.format === "json" || (schema.type === "object" && !schema.properties) || schema.type === undefined
  );
}

/** What a value begins with. */
export function initial(schema: Schema): unknown {
  if (schema.enum?.length) return schema.enum[0];
  if (isFree(schema)) return {};
  switch (schema.type) {
    case "object": {
      const members = Object.entries(schema.properties ?? {});
      const [first] = members;
      if (isChoice(schema)) return first ? { [first[0]]: initial(first[1]) } : {};
      const needed = members.filter(([name]) => schema.required?.includes(name));
      return followed(schema, Object.fromEntries(needed.map(([name, inner]) => [name, begun(inner)])));
    }
    case "array":
      return Array.from({ length: schema.minItems ?? 0 }, () => initial(schema.items ?? {}));
    case "integer":
    case "number":
      return schema.minimum ?? 0;
    case "boolean":
      return false;
    default:
      return "";
  }
}

/** What is needed and can be a list begins with one item. */
function begun(schema: Schema): unknown {
  const value = initial(schema);
  return Array.isArray(value) && !value.length && schema.items ? [initial(schema.items)] : value;
}

/** With another value of a member; undefined takes it away. */
export function withMember(schema: Schema, values: Values, name: string, value: unknown): Values {
  const { [name]: _, ...rest } = values;
  if (value === undefined) return rest;
  const next = name in values ? { ...values, [name]: value } : { ...rest, [name]: value };
  return followed(schema, next);
}

/** The values that are not asked for: the only one that there is, or what was chosen beside it. */
function followed(schema: Schema, values: Values): Values {
  const said = { ...values };
  for (const [name, inner] of Object.entries(schema.properties ?? {})) {
    const [only, ...others] = inner.enum ?? [];
    if (only && !others.length && schema.required?.includes(name)) said[name] = only;
    const rule = inner["x-follows"];
    const [chosen] = Object.keys((rule && (values[rule.member] as Values)) ?? {});
    if (rule && chosen && rule.values[chosen]) said[name] = rule.values[chosen];
  }
  return said;
}

/** A choice with only one way leads straight to it: its name and the schema there. */
export function onlyWay(schema: Schema): [string, Schema] | null {
  const ways = Object.entries(schema.properties ?? {});
  return isChoice(schema) && ways.length === 1 ? (ways[0] ?? null) : null;
}
