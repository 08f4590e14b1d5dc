/** A document as it is typed: a text, or JSON of the type that the flow takes. */

export type Typed = { value: unknown } | { problem: string };

const WORDS: Record<string, string> = {
  Number: "a number, such as 42",
  Boolean: "true or false",
  Object: 'an object, such as {"topic": "tea"}',
  Array: 'a list, such as ["a", "b"]',
};

/** What was typed, as a value of the type. */
export function typed(text: string, type: string | null): Typed {
  if (type === "String") return { value: text };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { problem: `This is to be ${WORDS[type ?? ""] ?? "JSON"}.` };
  }
  return type === null || isOf(value, type)
    ? { value }
    : { problem: `This is to be ${WORDS[type] ?? type}.` };
}

function isOf(value: unknown, type: string): boolean {
  if (type === "Array") return Array.isArray(value);
  if (type === "Object") return typeof value === "object" && value !== null && !Array.isArray(value);
  return typeof value === type.toLowerCase();
}

const EXAMPLES: Record<string, string> = { Number: "1", Boolean: "true", Object: "{}", Array: "[]" };

/** What stands in the form at first: the last document if it is of the type, else an example. */
export function first(last: unknown, type: string | null): string {
  if (type === "String") return typeof last === "string" ? last : "";
  if (last !== null && last !== undefined && (type === null || isOf(last, type))) {
    return JSON.stringify(last, null, 2);
  }
  return EXAMPLES[type ?? ""] ?? '""';
}

/** A value as it is shown: a text as it is. */
export function shown(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}
