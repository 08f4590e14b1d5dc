/** The server's own API, asked by relative addresses, so that it works below any prefix of a proxy. */

import type { Query } from "./address";
import type { components } from "./api";

/** A body of the API by its name in the OpenAPI document. */
export type Body<Name extends keyof components["schemas"]> = components["schemas"][Name];

export interface Problem {
  message: string;
  location?: (string | number)[];
}

/** What the server refused, in its words. */
export class Refusal extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly code: string,
    readonly problems: Problem[] = [],
  ) {
    super(message);
  }
}

/** Told when the server wants to know who is there. */
export const signedOut = new EventTarget();

const PAGE = { "x-headrace-page": "1" };
const NOT_REACHED = "The server can't be reached. Is `headrace serve` still running?";

function address(parts: string[], query: Query = {}): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
  const search = new URLSearchParams(pairs.map(([name, value]) => [name, String(value)])).toString();
  return `api/${parts.map(encodeURIComponent).join("/")}${search ? `?${search}` : ""}`;
}

export interface Asked {
  query?: Query;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

async function fetched(method: string, parts: string[], asked: Asked): Promise<Response> {
  let response: Response;
  const content: Record<string, string> =
    asked.body === undefined ? {} : { "content-type": "application/json" };
  try {
    response = await fetch(address(parts, asked.query), {
      method,
      headers: { ...PAGE, ...content, ...asked.headers },
      body: asked.body === undefined ? undefined : JSON.stringify(asked.body),
      signal: asked.signal,
    });
  } catch (error) {
    if (asked.signal?.aborted) throw error;
    throw new Refusal(NOT_REACHED, 0, "unreachable");
  }
  if (response.ok) return response;
  const refusal = await refused(response);
  if (refusal.status === 401 && parts[0] !== "session") signedOut.dispatchEvent(new Event("signedout"));
  throw refusal;
}

async function refused(response: Response): Promise<Refusal> {
  const text = await response.text();
  try {
    const { message, code, problems } = JSON.parse(text).error;
    return new Refusal(message, response.status, code, problems ?? []);
  } catch {
    return new Refusal(`The server answered ${response.status}.`, response.status, "unknown");
  }
}

/** Ask, and have the JSON of the answer: `ask<Body<"LiveList">>("GET", ["files", id, "pointers"])`. */
export async function ask<Answer>(method: string, parts: string[], asked: Asked = {}): Promise<Answer> {
  const response = await fetched(method, parts, asked);
  const text = await response.text();
  return (text ? JSON.parse(text) : null) as Answer;
}

/** The same for what is answered as text. */
export async function askText(method: string, parts: string[], asked: Asked = {}): Promise<string> {
  return (await fetched(method, parts, asked)).text();
}

/** The same for JSON lines, each as it comes. */
export async function* askLines<Line>(
  method: string,
  parts: string[],
  asked: Asked = {},
): AsyncGenerator<Line> {
  const response = await fetched(method, parts, asked);
  if (!response.body) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      const lines = (rest + value).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (line) yield JSON.parse(line) as Line;
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
  if (rest) yield JSON.parse(rest) as Line;
}
