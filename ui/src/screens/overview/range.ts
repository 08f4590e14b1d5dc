/** Of what time a dashboard is, as the address has it: `range=30d&grain=day`. */
import type { Query } from "../../address";

export type Grain = "hour" | "day" | "week";

export interface Range {
  name: string;
  title: string;
  days: number;
  /** How finely it may be shown; the first is the usual one. */
  grains: Grain[];
}

const MONTH: Range = { name: "30d", title: "30 days", days: 30, grains: ["day", "week", "hour"] };

export const RANGES: Range[] = [
  { name: "24h", title: "24 hours", days: 1, grains: ["hour"] },
  { name: "7d", title: "7 days", days: 7, grains: ["day", "hour"] },
  MONTH,
  { name: "90d", title: "90 days", days: 90, grains: ["day", "week"] },
  { name: "1y", title: "a year", days: 365, grains: ["week", "day"] },
];

/** What the address asks for; the usual where it says nothing that there is. */
export function rangeOf(query: URLSearchParams): { range: Range; grain: Grain } {
  const range = RANGES.find((one) => one.name === query.get("range")) ?? MONTH;
  const grain = range.grains.find((one) => one === query.get("grain")) ?? range.grains[0] ?? "day";
  return { range, grain };
}

const DAY_MS = 24 * 3600 * 1000;

/** The same as the server is asked for it. */
export function spanOf(range: Range, grain: Grain, now: Date): Query {
  const from = new Date(now.getTime() - range.days * DAY_MS).toISOString();
  return { from, grain, zone: Intl.DateTimeFormat().resolvedOptions().timeZone };
}

/** When a bucket begins, in words. */
export function startText(iso: string, grain: Grain): string {
  const at = new Date(iso);
  const day = at.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
  if (grain === "hour") {
    return `${day}, ${at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" })}`;
  }
  return grain === "week" ? `Week from ${day}` : day;
}
