import { expect, test } from "vitest";
import { after, type BarRow, firstFailure, open, placing, rangeOf, span, window_ } from "./bars";

const row = (id: string, parent: string | null, more: Partial<BarRow> = {}): BarRow => ({
  id,
  parent,
  depth: 0,
  name: id,
  type: "Prompt",
  look: "Prompt",
  state: "Succeeded",
  offsetMs: 0,
  durationMs: 10,
  scores: [],
  ...more,
});
const tree = [row("a", null), row("b", "a"), row("c", "b"), row("d", "c"), row("e", "a")];
const ids = (rows: BarRow[]) => rows.map((one) => one.id).join("");

test("what stands below a closed row is not shown, however deep", () => {
  expect(ids(open(tree, new Set()))).toBe("abcde");
  expect(ids(open(tree, new Set(["b"])))).toBe("abe");
  expect(ids(open(tree, new Set(["a"])))).toBe("a");
});

test("keys lead from row to row and never out of the list", () => {
  expect(after(tree, null, "ArrowDown", 3)).toBe("a");
  expect(after(tree, "b", "ArrowDown", 3)).toBe("c");
  expect(after(tree, "e", "ArrowDown", 3)).toBe("e");
  expect(after(tree, "a", "ArrowUp", 3)).toBe("a");
  expect(after(tree, "a", "PageDown", 3)).toBe("d");
  expect(after(tree, "a", "End", 3)).toBe("e");
  expect(after(tree, "a", "x", 3)).toBeNull();
  expect(after([], "a", "End", 3)).toBeNull();
});

test("a bar stands where it took place, and never beyond the end", () => {
  const all = { fromMs: 0, lengthMs: 100 };
  expect(span([row("a", null, { offsetMs: 90, durationMs: 60 })])).toBe(150);
  const one = row("a", null, { offsetMs: 50, durationMs: 25 });
  expect(placing(one, all)).toEqual({ left: 50, width: 25, side: "right" });
  const last = row("a", null, { offsetMs: 90, durationMs: 50 });
  expect(placing(last, all)).toMatchObject({ width: 10, side: "left" });
  const goes = row("a", null, { offsetMs: 20, durationMs: null, state: "Running" });
  expect(placing(goes, all)?.width).toBe(80);
  expect(placing(row("a", null, { offsetMs: null }), all)).toBeNull();
});

test("a part of the line shows what took place in it", () => {
  const part = rangeOf(row("a", null, { offsetMs: 50, durationMs: 20 }));
  expect(part).toEqual({ fromMs: 50, lengthMs: 20 });
  if (!part) return;
  expect(placing(row("b", null, { offsetMs: 55, durationMs: 5 }), part)).toMatchObject({
    left: 25,
    width: 25,
  });
  expect(placing(row("c", null, { offsetMs: 40, durationMs: 20 }), part)).toMatchObject({
    left: 0,
    width: 50,
  });
  expect(placing(row("d", null, { offsetMs: 0, durationMs: 20 }), part)).toBeNull();
  expect(placing(row("e", null, { offsetMs: 80, durationMs: 20 }), part)).toBeNull();
  expect(rangeOf(row("f", null, { durationMs: 0 }))).toBeNull();
});

test("a window shows what is near it", () => {
  expect(window_(2000, 0, 240, 24, 2)).toEqual({ first: 0, last: 12 });
  expect(window_(2000, 2400, 240, 24, 2)).toEqual({ first: 98, last: 112 });
  expect(window_(3, 2400, 240, 24, 2)).toEqual({ first: 3, last: 3 });
});

test("the failure that caused the others is found", () => {
  const failed: Partial<BarRow> = { state: "Failed" };
  const rows = [row("a", null, failed), row("b", "a"), row("c", "a", failed), row("d", "c", failed)];
  expect(firstFailure(rows)?.id).toBe("d");
  expect(firstFailure(tree)).toBeNull();
});
