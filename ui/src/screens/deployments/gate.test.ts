import { expect, test } from "vitest";
import { type GateSpec, needsApproval, seconds, sentences } from "./gate";

const spec = {
  rules: [
    { type: "approval", by: 2 },
    { type: "errors", logs: 100, max_rate: 0.05, min_logs: 20 },
    {
      type: "score",
      evaluator: "Helpful",
      on: { logs: 50 },
      min: 0.8,
      max_regression: 0.05,
      min_judgments: 10,
    },
    { type: "score", evaluator: "Exact", on: { dataset: "Cases" }, min: 0.9 },
  ],
  watch: { for_s: 3600, rules: [{ type: "errors", max_rate: 0.1 }] },
} as unknown as GateSpec;

test("rules are sentences", () => {
  expect(sentences(spec)).toEqual([
    "2 others have approved it",
    "at most 5% errors of its newest 100 logs (of at least 20)",
    "Helpful ≥ 0.8 of its newest 50 logs, at most 0.05 worse than what is live (at least 10 judgments)",
    "Exact ≥ 0.9 on Cases",
    "After a move, for 1 hour: rolled back by itself unless at most 10% errors",
  ]);
  expect([needsApproval(spec), needsApproval({ rules: [] })]).toEqual([true, false]);
});

test("spans of time", () => {
  expect([86_400, 7200, 90, 60].map(seconds)).toEqual(["1 day", "2 hours", "90 seconds", "1 minute"]);
});
