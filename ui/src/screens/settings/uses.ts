/** Providers beside what is set for them, and what was used in words. */
import { count, money } from "../../parts/words";
import type { Body } from "../../server";
import type { Facts } from "./Settings";

export type Account = Body<"ProviderKeyBody">;

export interface Provider {
  name: string;
  kind: string;
  takes_key: boolean;
  /** Whether the configuration still has it; else nothing can be set for it. */
  isConfigured: boolean;
}

export interface Row {
  provider: Provider;
  account: Account | null;
}

/** All that are configured, then those for which something is set although they are not. */
export function rowsOf(configured: Facts["providers"], accounts: Account[]): Row[] {
  const rows = configured.map(({ name, kind, takes_key }) => ({
    provider: { name, kind, takes_key, isConfigured: true },
    account: accounts.find((one) => one.provider === name) ?? null,
  }));
  const gone = accounts.filter((one) => !configured.some(({ name }) => name === one.provider));
  return [
    ...rows,
    ...gone.map((account) => ({
      provider: {
        name: account.provider,
        kind: "is not configured any more",
        takes_key: false,
        isConfigured: false,
      },
      account,
    })),
  ];
}

export interface Use {
  name: string;
  text: string;
  /** Of the limit; null where there is none. */
  share: number | null;
}

/** What was used of each limit by now. */
export function uses({ minute, day, month, ...limits }: Account): Use[] {
  return [
    used("Minute", minute.requests, limits.requests_a_minute, (value) => count(value), "requests"),
    used("Day", day.tokens, limits.tokens_a_day, (value) => count(value), "tokens"),
    used("Month", month.cost_usd, limits.cost_a_month_usd, money, ""),
  ];
}

function used(
  name: string,
  value: number,
  limit: number | null,
  say: (value: number) => string,
  unit: string,
): Use {
  const text = limit === null ? say(value) : `${say(value)} of ${say(limit)}`;
  return { name, text: `${text} ${unit}`.trim(), share: limit === null ? null : limit ? value / limit : 1 };
}
