/** How a value is written for people. */

export interface Written {
  /** A text as it is, or JSON with indents. */
  text: string;
  isText: boolean;
}

/** JSON as people read it: a text without its quotes, anything else with indents. */
export function written(json: string, isWhole: boolean): Written {
  if (!isWhole) return { text: json, isText: false };
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "string"
      ? { text: value, isText: true }
      : { text: JSON.stringify(value, null, 2), isText: false };
  } catch {
    return { text: json, isText: false };
  }
}

/** The start of a value's JSON as a line: a text without its quotes, as far as it goes. */
export function line(json: string): string {
  if (!json.startsWith('"')) return json;
  try {
    return String(JSON.parse(json));
  } catch {
    return json.slice(1).replace(/\\n/g, " ").replace(/\\"/g, '"');
  }
}

/** Why a run failed, without the name of the node, which stands beside it. */
export function cause(error: string, node: string | null): string {
  const named = `Node ${node} failed: `;
  return node !== null && error.startsWith(named) ? error.slice(named.length) : error;
}
