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
