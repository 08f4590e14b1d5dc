const MOST = 28;

/** A value in a few characters, and how often there was one. */
export function shortValue(json: string, times: number): string {
  const text = json.replace(/^"|"$/g, "").replace(/\s+/g, " ");
  const short = text.length > MOST ? `${text.slice(0, MOST - 1)}…` : text;
  return times > 1 ? `${short} ×${times}` : short;
}
