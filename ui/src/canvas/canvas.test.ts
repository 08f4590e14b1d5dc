import { describe, expect, test } from "vitest";
import { curve, isForward, swing } from "./curve";
import { allConnections, allNodes, type Definition, graphIn } from "./definition";
import { handlesOf } from "./elements";
import { layout, portY, sizeOf } from "./layout";
import { neighbour } from "./neighbour";
import { svgOf } from "./svg";
import { isSame } from "./useSame";

const data = (source: string, target: string, name = `${source}${target}`) => ({
  name,
  type: "Data",
  source,
  target,
  configuration: { data: { sourceOutput: "out", targetInput: "in" } },
});

const node = (name: string, more = {}) => ({
  name,
  type: "Prompt",
  inputs: [{ name: "in" }],
  outputs: [{ name: "out" }],
  ...more,
});

const CHAIN: Definition = {
  nodes: [node("A"), node("B"), node("C"), node("D")],
  connections: [data("A", "B"), data("A", "C"), data("B", "D"), data("C", "D"), data("A", "D")],
};

const LOOP: Definition = {
  nodes: [
    node("A"),
    node("Again", { type: "Loop", configuration: { loop: { definition: CHAIN } } }),
    node("<&>"),
  ],
  connections: [data("A", "Again"), data("Again", "<&>"), data("A", "Gone")],
};

describe("layout", () => {
  test("goes from left to right, without overlaps, and is the same each time", () => {
    const { boxes, bends } = layout(CHAIN);
    expect(layout(CHAIN)).toEqual({ boxes, bends, width: expect.anything(), height: expect.anything() });
    const [a, b, c, d] = ["A", "B", "C", "D"].map((name) => boxes.get(name));
    if (!a || !b || !c || !d) throw new Error("a box is missing");
    expect(a.x + a.width).toBeLessThan(b.x);
    expect(b.x + b.width).toBeLessThan(d.x);
    expect(Math.abs(b.y - c.y)).toBeGreaterThanOrEqual(Math.min(b.height, c.height));
    expect(bends.get("AD")?.length).toBeGreaterThan(1);
  });

  test("puts what a loop repeats inside it", () => {
    const { boxes } = layout(LOOP);
    const outer = boxes.get("Again");
    for (const name of ["A", "B", "C", "D"]) {
      const inner = boxes.get(`Again/${name}`);
      expect(inner?.x).toBeGreaterThan(0);
      expect((inner?.x ?? 0) + (inner?.width ?? 0)).toBeLessThan(outer?.width ?? 0);
      expect((inner?.y ?? 0) + (inner?.height ?? 0)).toBeLessThan(outer?.height ?? 0);
    }
  });

  test("lays out 100 nodes", () => {
    const nodes = Array.from({ length: 100 }, (_, index) => node(`N${index}`));
    const connections = nodes.slice(1).map((one, index) => data(`N${index >> 1}`, one.name));
    expect(layout({ nodes, connections }).boxes.size).toBe(100);
  });
});

test("all nodes and connections are found, and no connection that ends nowhere", () => {
  expect(allNodes(LOOP).map((one) => one.path)).toEqual([
    "A",
    "Again",
    "Again/A",
    "Again/B",
    "Again/C",
    "Again/D",
    "<&>",
  ]);
  expect(allConnections(LOOP).map((one) => one.path)).toEqual([
    "AAgain",
    "Again<&>",
    ...["AB", "AC", "BD", "CD", "AD"].map((name) => `Again/${name}`),
  ]);
  expect(graphIn({ definition: LOOP })).toBe(LOOP);
  expect(graphIn({ says: "hello" })).toBeNull();
});

test("handles stand where ports are named", () => {
  const one = node("A");
  const handles = handlesOf(one, { x: 0, y: 0, ...sizeOf(one) });
  expect(handles.map(({ id, type, y }) => [id, type, y])).toEqual([
    ["when", "target", 18],
    ["in in", "target", portY(0) - 4],
    ["out out", "source", portY(0) - 4],
  ]);
});

test("curves pass through their points and do not overshoot", () => {
  const points = [
    { x: 0, y: 0 },
    { x: 30, y: 30 },
    { x: 60, y: 30 },
    { x: 90, y: 0 },
  ];
  expect(curve(points)).toBe("M0,0 C15,0 15,30 30,30 C45,30 45,30 60,30 C75,30 75,0 90,0");
  expect(isForward(points)).toBe(true);
  expect(isForward([...points].reverse())).toBe(false);
  expect(swing({ x: 100, y: 0 }, { x: 0, y: 50 })).toBe("M100,0 C150,0 -50,50 0,50");
});

test("arrow keys go along connections and within a column", () => {
  const { boxes } = layout(CHAIN);
  const upper = (boxes.get("B")?.y ?? 0) < (boxes.get("C")?.y ?? 0) ? "B" : "C";
  const lower = upper === "B" ? "C" : "B";
  const next = (from: string, key: string) => neighbour(CHAIN, boxes, from, key);
  expect(next("D", "ArrowLeft")).not.toBeNull();
  expect(next(upper, "ArrowRight")).toBe("D");
  expect(next(upper, "ArrowLeft")).toBe("A");
  expect(next(upper, "ArrowDown")).not.toBeNull();
  expect(next(lower, "ArrowUp")).not.toBeNull();
  expect(next("A", "ArrowLeft")).toBeNull();
  expect(next("A", "x")).toBeNull();
});

test("the file has each node once, and texts are escaped", () => {
  const file = svgOf(LOOP, layout(LOOP));
  expect(file.match(/<rect /g)).toHaveLength(8);
  expect(file.match(/marker-end/g)).toHaveLength(7);
  expect(file).toContain("&lt;&amp;&gt;");
  expect(file).not.toContain("<&>");
});

test("things are the same when their members are, one level deep", () => {
  const inner = { deep: [1] };
  expect(isSame({ id: "a", data: { inner } }, { id: "a", data: { inner } })).toBe(true);
  expect(isSame({ id: "a", data: { inner } }, { id: "a", data: { inner: { deep: [1] } } })).toBe(false);
  expect(isSame({ id: "a" }, { id: "a", more: undefined })).toBe(false);
  expect(isSame({ at: { x: 1 } }, { at: { x: 2 } })).toBe(false);
});
