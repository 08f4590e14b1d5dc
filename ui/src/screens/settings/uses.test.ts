import { describe, expect, it } from "vitest";
import { type Account, rowsOf, uses } from "./uses";

const USE = { since: "2026-01-01T00:00:00Z", requests: 30, tokens: 4500, cost_usd: 1.5 };
const ACCOUNT: Account = {
  provider: "house",
  has_key: true,
  last_four: "wxyz",
  set_by: { id: "usr_1", name: "Ann" },
  set_at: "2026-01-01T00:00:00Z",
  requests_a_minute: 60,
  tokens_a_day: null,
  cost_a_month_usd: 0,
  minute: USE,
  day: USE,
  month: USE,
};

describe("providers", () => {
  it("are told with what was used of their limits", () => {
    expect(uses(ACCOUNT)).toEqual([
      { name: "Minute", text: "30 of 60 requests", share: 0.5 },
      { name: "Day", text: "4,500 tokens", share: null },
      { name: "Month", text: "$1.50 of $0.00", share: 1 },
    ]);
  });

  it("are shown also when nothing is set, or when they are not configured any more", () => {
    const [set, gone] = rowsOf([{ name: "echo", kind: "echo", models: ["*"], takes_key: false }], [ACCOUNT]);
    expect(set?.account).toBeNull();
    expect(gone?.account).toBe(ACCOUNT);
    expect(gone?.provider).toMatchObject({ name: "house", takes_key: false, isConfigured: false });
  });
});
