import { expect, test } from "vitest";
import { after, type Line, NOTHING, type Pair, pieces, textSpans, typedInputs } from "./comparison";

test("pairs stand in the order of their inputs, whichever is done first", () => {
  const lines = [
    { line: "comparison", inputs: 2 },
    { line: "pair", index: 1 },
    { line: "pair", index: 0 },
    { line: "summary", pairs: 2 },
  ] as Line[];
  const seen = lines.reduce(after, NOTHING);
  expect(seen.pairs.map((one) => one.index)).toEqual([0, 1]);
  expect([seen.opening?.inputs, seen.totals?.pairs]).toEqual([2, 2]);
});

test("typed inputs are lines, or one JSON list", () => {
  expect(typedInputs('a ticket\n\n{"a": 1}\n12', false)).toEqual(["a ticket", { a: 1 }, 12]);
  expect(typedInputs('["x", "y"]', false)).toEqual(["x", "y"]);
  expect(typedInputs('{\n "name": "Ann"\n}', true)).toEqual([{ name: "Ann" }]);
});

test("of texts each side has its own words marked", () => {
  const spans = [
    { in: "both", text: "say it in " },
    { in: "before", text: "one" },
    { in: "after", text: "two" },
  ];
  const text = { edits: [{ change: "text", path: [], unit: "word", spans }] } as unknown as Pair;
  expect(textSpans(text)).toEqual(spans);
  expect(pieces(textSpans(text) ?? [], "after").map((one) => one.text)).toEqual(["say it in ", "two"]);
  const value = { edits: [{ change: "replaced", path: [], before: 1, after: 2 }] } as unknown as Pair;
  expect(textSpans(value)).toBeNull();
});
