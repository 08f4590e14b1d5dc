import { expect, test } from "vitest";
import { counted, duration, moment, money, percent } from "./words";

test("durations have the unit that fits", () => {
  expect([0, 0.0021, 0.4119, 0.9996, 2.413, 59.999, 185, 7260].map(duration)).toEqual([
    "0 ms",
    "2.1 ms",
    "412 ms",
    "1.00 s",
    "2.41 s",
    "60.00 s",
    "3 min 5 s",
    "2 h 1 min",
  ]);
  expect(duration(null)).toBe("–");
});

test("counts, money and shares", () => {
  expect([counted(1, "node"), counted(1200, "node")]).toEqual(["1 node", "1,200 nodes"]);
  expect([money(0.0061), money(12), money(0), money(null)]).toEqual(["$0.0061", "$12.00", "$0.00", "–"]);
  expect([percent(0.9137), percent(0)]).toEqual(["91.4%", "0%"]);
});

test("moments leave out what is clear", () => {
  const now = new Date(2026, 10, 22, 12, 0, 0);
  expect(moment(new Date(2026, 10, 22, 8, 5, 9).toISOString(), now)).toBe("08:05:09");
  expect(moment(new Date(2026, 2, 1, 8, 5, 9).toISOString(), now)).toBe("1 Mar, 08:05");
  expect(moment(new Date(2025, 2, 1, 8, 5, 9).toISOString(), now)).toBe("1 Mar 2025, 08:05");
});
