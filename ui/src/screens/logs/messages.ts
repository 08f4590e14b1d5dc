/** Messages of chats, whoever sent them: read without trusting their shape. */

export interface Said {
  role?: string;
  content?: unknown;
  name?: string | null;
  tool_call_id?: string | null;
  tool_calls?: unknown;
}

export interface Part {
  kind: string;
  text: string;
}

export interface Called {
  id: string;
  name: string;
  text: string;
}

/** A value as a text: texts as they are, the rest as JSON. */
export function asText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

/** The messages of what should be a list of them. */
export function asMessages(value: unknown): Said[] {
  if (typeof value === "string") return [{ role: "user", content: value }];
  if (!Array.isArray(value)) return [];
  return value.filter((one) => typeof one === "object" && one !== null);
}

/** What a message says, part by part. */
export function partsOf(said: Said): Part[] {
  const { content } = said;
  if (content === null || content === undefined || content === "") return [];
  if (!Array.isArray(content)) return [{ kind: "text", text: asText(content) }];
  return content.map((part) => {
    const one = part as Record<string, unknown>;
    if (typeof one?.text === "string") return { kind: "text", text: one.text };
    const url = (one?.image_url as { url?: string } | undefined)?.url;
    return { kind: url ? "image" : String(one?.type ?? "part"), text: url ?? asText(part) };
  });
}

/** The calls of tools that a message asks for, with their arguments as they are read best. */
export function toolCallsOf(said: Said): Called[] {
  if (!Array.isArray(said.tool_calls)) return [];
  return said.tool_calls.map((call, place) => {
    const { id, function: asked } = (call ?? {}) as {
      id?: string;
      function?: { name?: string; arguments?: unknown };
    };
    return { id: id ?? String(place), name: asked?.name ?? "a tool", text: pretty(asked?.arguments) };
  });
}

function pretty(given: unknown): string {
  if (typeof given !== "string") return given === undefined || given === null ? "" : asText(given);
  try {
    return JSON.stringify(JSON.parse(given), null, 2);
  } catch {
    return given;
  }
}
