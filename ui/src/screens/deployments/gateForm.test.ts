import { expect, test } from "vitest";
import type { GateSpec } from "./gate";
import { inputOf, newRule, specOf } from "./gateForm";

const spec = {
  rules: [
    { type: "approval", by: 2 },
    { type: "errors", logs: 100, max_rate: 0.05 },
    { type: "score", evaluator: "Helpful", on: { logs: 50 }, min: 0.8, max_regression: 0.05 },
    { type: "score", evaluator: "Exact", on: { dataset: "Cases" }, min: 0.9 },
  ],
  watch: { for_s: 5400, rules: [{ type: "score", evaluator: "Helpful", min: 0.7, min_judgments: 5 }] },
} as unknown as GateSpec;

test("a gate survives being edited", () => {
  expect(specOf(inputOf(spec))).toEqual(spec);
});

test("a dataset counts before logs, and what is no number is for the server to refuse", () => {
  const rule = newRule("score", "rules");
  const values = { ...rule.values, evaluator: "E", dataset: "Cases", min: "much" };
  const made = specOf({ rules: [{ ...rule, values }], watchMinutes: "", watched: [] });
  expect(made).toEqual({ rules: [{ type: "score", evaluator: "E", on: { dataset: "Cases" }, min: "much" }] });
});
