import { expect, test } from "vitest";
import { endsOf } from "./ends";

test("values go to inputs, turns to nodes, and nothing into loops", () => {
  const line = { source: "A", target: "B", sourceHandle: "out text", targetHandle: "in value" };
  expect(endsOf(line)).toEqual({ source: "A", output: "text", target: "B", input: "value" });
  const turn = { ...line, sourceHandle: "when yes" };
  expect(endsOf(turn)).toEqual({ source: "A", condition: "yes", target: "B" });
  expect(endsOf({ ...line, targetHandle: "when" })).toBeNull();
  expect(endsOf({ ...line, target: "A" })).toBeNull();
  expect(endsOf({ ...line, target: "Loop/B" })).toBeNull();
  expect(endsOf({ ...line, sourceHandle: null })).toBeNull();
});
