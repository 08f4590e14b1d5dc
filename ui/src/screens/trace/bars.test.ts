import { expect, test } from "vitest";
import { after, type BarRow, firstFailure, open, placing, span, window_ } from "./bars";

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
  expect(span([row("a", null, { offsetMs: 90, durationMs: 60 })])).toBe(150);
  expect(placing(row("a", null, { offsetMs: 50, durationMs: 25 }), 100)).toEqual({
    left: 50,
    width: 25,
    side: "right",
  });
  expect(placing(row("a", null, { offsetMs: 90, durationMs: 50 }), 100)).toMatchObject({
    width: 10,
    side: "left",
  });
  expect(placing(row("a", null, { offsetMs: 20, durationMs: null, state: "Running" }), 100)?.width).toBe(80);
  expect(placing(row("a", null, { offsetMs: null }), 100)).toBeNull();
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
