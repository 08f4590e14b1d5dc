import { expect, test } from "vitest";
import {
  edgeMarksOf,
  type GraphEdit,
  linePieces,
  marksOf,
  merged,
  pathText,
  shortPath,
  wordPieces,
} from "./difference";

const node = (name: string) => ({ name, type: "Prompt" });
const graph = {
  change: "graph",
  path: [],
  nodes: [
    { change: "added", name: "New", type: "Prompt", index: 1, node: node("New") },
    { change: "removed", name: "Gone", type: "Prompt", node: node("Gone") },
    { change: "changed", name: "Answer", was: "Reply", type: "Prompt", edits: [] },
    { change: "changed", name: "Route", was: "Route", type: "Condition", edits: [{}] },
  ],
  connections: [
    {
      change: "removed",
      name: "a",
      connection: { name: "a", type: "Data", source: "Reply", target: "Gone" },
    },
    { change: "added", name: "b", index: 0, connection: {} },
  ],
} as unknown as GraphEdit;

test("a rename reads as a rename", () => {
  expect(marksOf(graph)).toEqual({ New: "added", Gone: "removed", Answer: "renamed", Route: "changed" });
});

test("what was removed is drawn, joined to what its neighbours are called now", () => {
  const both = merged({ nodes: [node("New"), node("Answer"), node("Route")], connections: [] }, graph);
  expect(both.nodes?.map((one) => one.name)).toEqual(["New", "Answer", "Route", "Gone"]);
  expect(both.connections).toEqual([{ name: "a (before)", type: "Data", source: "Answer", target: "Gone" }]);
  expect(edgeMarksOf(graph)).toEqual({ "a (before)": "removed", b: "added" });
});

test("a removed node and a new one of its name are two", () => {
  const again = {
    change: "graph",
    path: [],
    nodes: [
      { change: "removed", name: "A", type: "Prompt", node: node("A") },
      { change: "added", name: "A", type: "Input", index: 0, node: node("A") },
    ],
  } as unknown as GraphEdit;
  expect(marksOf(again)).toEqual({ A: "added", "A (before)": "removed" });
  expect(merged({ nodes: [node("A")] }, again).nodes?.map((one) => one.name)).toEqual(["A", "A (before)"]);
});

test("paths are written as people write them", () => {
  expect(pathText(["inputs", 0, "name"])).toBe("inputs[0].name");
  expect(pathText([])).toBe("");
  expect(shortPath(["configuration", "prompt", "inference", "temperature"])).toBe(
    "… prompt.inference.temperature",
  );
});

test("what is far from a change is left out", () => {
  const long = "x".repeat(1000);
  const pieces = wordPieces([
    { in: "both", text: long },
    { in: "after", text: "new" },
  ]);
  expect(pieces.map((one) => one.in)).toEqual(["left out", "both", "after"]);
  expect(pieces[1]?.text.length).toBe(90);
  const lines = linePieces([
    { in: "both", text: "1\n2\n3\n4\n5\n6\n" },
    { in: "before", text: "old\n" },
    { in: "both", text: "7\n" },
  ]);
  expect(lines).toEqual([
    { in: "left out", text: "4 lines" },
    { in: "both", text: "5" },
    { in: "both", text: "6" },
    { in: "before", text: "old" },
    { in: "both", text: "7" },
  ]);
});
