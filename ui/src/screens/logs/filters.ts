/** What a table of logs is filtered by: the address has it under the names that the API has. */
import type { Query } from "../../address";

/** How a filter is chosen. */
export type Entry = "text" | "moment" | "choice" | "evaluator";

export interface Filter {
  name: string;
  title: string;
  entry: Entry;
  about?: string;
  choices?: Record<string, string>;
  /** The names in the address that belong to it; its own one without. */
  names?: string[];
}

const YES_NO = { true: "Only with an error", false: "Only without" };

export const FILTERS: Filter[] = [
  { name: "version", title: "Version", entry: "text", about: "A number, an id, draft or an environment." },
  { name: "environment", title: "Environment", entry: "text", about: "The label of the log." },
  { name: "from", title: "From", entry: "moment" },
  { name: "to", title: "Until", entry: "moment" },
  { name: "error", title: "Errors", entry: "choice", choices: YES_NO },
  {
    name: "evaluator",
    title: "Judgment",
    entry: "evaluator",
    names: ["evaluator", "verdict", "least", "most"],
  },
  { name: "user", title: "User", entry: "text" },
  {
    name: "source",
    title: "Source",
    entry: "text",
    about: "Such as run, comparison, or what an SDK says.",
  },
  { name: "session", title: "Session", entry: "text", about: "The id of an execution or of a trace's root." },
  { name: "metadata", title: "Metadata", entry: "text", about: "Words of its keys and values." },
];

const NAMES = ["search", "roots", ...FILTERS.flatMap((one) => one.names ?? [one.name])];

/** What the address asks the API for. */
export function asked(query: URLSearchParams): Query {
  const pairs = NAMES.map((name) => [name, query.get(name) ?? ""] as const);
  return Object.fromEntries(pairs.filter(([, value]) => value !== ""));
}

/** What takes everything away that is filtered by. */
export function nothing(): Query {
  return Object.fromEntries(NAMES.map((name) => [name, null]));
}

/** What takes one filter away. */
export function without(filter: Filter): Query {
  return Object.fromEntries((filter.names ?? [filter.name]).map((name) => [name, null]));
}

/** The filters that the address has, each in words. */
export function chosen(query: URLSearchParams): { filter: Filter; text: string }[] {
  return FILTERS.filter((one) => query.get(one.name)).map((filter) => ({
    filter,
    text: told(filter, query),
  }));
}

function told(filter: Filter, query: URLSearchParams): string {
  const value = query.get(filter.name) ?? "";
  if (filter.entry === "evaluator") return verdict(value, query);
  if (filter.entry === "moment") return `${filter.title}: ${momentText(value)}`;
  return filter.choices?.[value] ?? `${filter.title}: ${value}`;
}

const WORDS: Record<string, string> = { true: "yes", false: "no", failed: "failed", none: "not judged" };

function verdict(evaluator: string, query: URLSearchParams): string {
  const name = evaluator.split("/").at(-1) ?? evaluator;
  const said = query.get("verdict");
  const [least, most] = [query.get("least"), query.get("most")];
  const range = [least && `at least ${least}`, most && `at most ${most}`].filter(Boolean).join(", ");
  return `${name}: ${[said && (WORDS[said] ?? said), range].filter(Boolean).join(", ") || "judged"}`;
}

/** A moment of the address as people read it; what is none, as it is. */
export function momentText(iso: string): string {
  const at = new Date(iso);
  return Number.isNaN(at.getTime())
    ? iso
    : at.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
}

/** A moment as an input of the browser has it, in local time. */
export function toInput(iso: string): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return "";
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** What such an input says, as a moment of the address. */
export function fromInput(local: string): string {
  const at = new Date(local);
  return Number.isNaN(at.getTime()) ? "" : at.toISOString();
}
