/** What a call of a prompt is given, and what its lines say so far. */
import type { Body } from "../../server";

export type Line = Body<"PromptCalled"> | Body<"MoreText"> | Body<"PromptAnswered">;
type Answer = Body<"PromptAnswered">;

export type CallStatus = "running" | "done" | "failed" | "stopped";

export interface Call {
  status: CallStatus;
  log: string | null;
  /** The text as far as it has come. */
  text: string;
  error: string | null;
  answer: Answer | null;
}

export const NOTHING: Call = { status: "running", log: null, text: "", error: null, answer: null };

/** What is known after another line. */
export function hear(call: Call, line: Line): Call {
  switch (line.line) {
    case "call":
      return { ...call, log: line.log_id };
    case "text":
      return { ...call, text: call.text + line.text };
    case "answer": {
      const error = line.error ?? null;
      const text = line.output ?? call.text;
      return { ...call, status: error === null ? "done" : "failed", text, error, answer: line };
    }
  }
}

/** The lines ended before the call did. */
export function brokenOff(call: Call): Call {
  return call.status === "running" ? { ...call, status: "failed", error: "The connection broke off." } : call;
}

/** What the model says as a message, with the tools that are to be called; null while there is nothing of it. */
export function messageOf({ text, answer }: Call): { role: string; content: string } | null {
  const said = isObject(answer?.output_message) ? answer.output_message : {};
  const hasCalls = Array.isArray(said.tool_calls) && said.tool_calls.length > 0;
  return text || hasCalls ? { ...said, role: "assistant", content: text } : null;
}

/** An input as it is typed: a text, or JSON where it is to be something else. */
export interface Field {
  text: string;
  isJson: boolean;
  /** Whether it was added by hand, so that it is shown while nothing is in it. */
  isAdded?: boolean;
}

export type Fields = Record<string, Field>;

/** What stands in the form at first: a field for each variable, with what the last call gave it. */
export function firstFields(variables: string[], last: unknown): Fields {
  const given = isObject(last) ? last : {};
  const names = new Set([...variables, ...Object.keys(given)]);
  return Object.fromEntries([...names].map((name) => [name, fieldOf(given[name])]));
}

function fieldOf(value: unknown): Field {
  if (value === undefined || typeof value === "string") return { text: value ?? "", isJson: false };
  return { text: JSON.stringify(value, null, 2), isJson: true };
}

/** The fields that are shown: those of the variables, and others that have something in them. */
export function shownNames(variables: string[], fields: Fields): string[] {
  const others = Object.keys(fields).filter((name) => !variables.includes(name));
  return [...variables, ...others.filter((name) => fields[name]?.text || fields[name]?.isAdded)];
}

export type Given = { inputs: Record<string, unknown> } | { name: string; problem: string };

/** What was typed, as inputs; or which of them can't be read. */
export function givenOf(names: string[], fields: Fields): Given {
  const inputs: Record<string, unknown> = {};
  for (const name of names) {
    const { text, isJson } = fields[name] ?? { text: "", isJson: false };
    try {
      inputs[name] = isJson ? JSON.parse(text) : text;
    } catch {
      return { name, problem: 'This is to be JSON, such as ["a", "b"].' };
    }
  }
  return { inputs };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
