import { describe, expect, it } from "vitest";
import { RANGES, rangeOf, spanOf, startText } from "./range";

const asked = (text: string) => {
  const { range, grain } = rangeOf(new URLSearchParams(text));
  return `${range.name} ${grain}`;
};

describe("of what time a dashboard is", () => {
  it.each([
    ["", "30d day"],
    ["range=7d", "7d day"],
    ["range=7d&grain=hour", "7d hour"],
    ["range=1y", "1y week"],
    ["range=24h&grain=week", "24h hour"],
    ["range=none&grain=none", "30d day"],
  ])("%s is %s", (query, expected) => {
    expect(asked(query)).toBe(expected);
  });

  it("goes back from now", () => {
    const [day] = RANGES;
    if (!day) throw new Error("there are ranges");
    const span = spanOf(day, "hour", new Date("2026-03-02T12:00:00Z"));
    expect(span.from).toBe("2026-03-01T12:00:00.000Z");
    expect(span.zone).toBeTruthy();
  });

  it("says when a bucket begins", () => {
    expect(startText("2026-03-02T12:00:00Z", "week")).toBe("Week from 2 Mar");
    expect(startText("2026-03-02T12:00:00Z", "hour")).toMatch(/^2 Mar, \d\d:00$/);
  });
});
