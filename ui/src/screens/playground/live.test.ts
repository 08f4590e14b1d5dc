import { expect, test } from "vitest";
import type { Definition } from "../../canvas/definition";
import { hear, type Line, NOTHING } from "./live";

const definition: Definition = {
  nodes: [
    { name: "In", type: "Input" },
    { name: "Pick", type: "Condition" },
    { name: "Work", type: "InlineCode" },
  ],
  connections: [
    {
      name: "a",
      type: "Data",
      source: "In",
      target: "Pick",
      configuration: { data: { sourceOutput: "document", targetInput: "value" } },
    },
    {
      name: "b",
      type: "Conditional",
      source: "Pick",
      target: "Work",
      configuration: { conditional: { condition: "big" } },
    },
    {
      name: "c",
      type: "Conditional",
      source: "Pick",
      target: "Work",
      configuration: { conditional: { condition: "small" } },
    },
  ],
};
const told = (...lines: unknown[]) =>
  lines.reduce((live: typeof NOTHING, line) => hear(live, line as Line, definition), NOTHING);
const began = { event: "execution", id: "exe_1", name: "n", version_id: "v", number: 1, is_draft: false };
const pick = {
  event: "node_started",
  at_ns: 1e6,
  node: "Pick",
  type: "Condition",
  ports: [
    { name: "value", type: "Number", source: { node: "In", output: "document", expression: "$.data" } },
  ],
  values: [5],
};

test("nodes light up as they run, and connections as they are taken", () => {
  const live = told(began, pick);
  expect(live.nodes.Pick).toMatchObject({ state: "running", inputs: { value: 5 }, times: 1 });
  expect([...live.taken]).toEqual(["a"]);
  const later = hear(
    live,
    { event: "conditions_decided", at_ns: 3e6, node: "Pick", conditions: ["big"] } as Line,
    definition,
  );
  expect(later.nodes.Pick).toMatchObject({ state: "done", durationMs: 2, conditions: ["big"] });
  expect([...later.taken]).toEqual(["a", "b"]);
});

test("what fails stops the others", () => {
  const live = told(
    began,
    pick,
    { event: "node_started", at_ns: 2e6, node: "Work", type: "InlineCode" },
    { event: "node_failed", at_ns: 3e6, node: "Work", type: "InlineCode", kind: "dependency", message: "no" },
    { event: "flow_failed", at_ns: 4e6, kind: "dependency", message: "Work: no", node: "Work" },
  );
  expect(live).toMatchObject({ status: "failed", error: "Work: no" });
  expect(live.nodes.Work).toMatchObject({ state: "failed", error: "no" });
  expect(live.nodes.Pick).toMatchObject({ state: "skipped" });
});

test("a question waits, and the answer goes on with the same run", () => {
  const asked = told(
    began,
    { event: "node_started", at_ns: 1, node: "Clerk", type: "Agent" },
    { event: "input_requested", at_ns: 2, node: "Clerk", value: "Which?" },
    { event: "flow_finished", at_ns: 3, reason: "INPUT_REQUIRED" },
  );
  expect(asked).toMatchObject({ status: "asks", question: { node: "Clerk", value: "Which?" } });
  const again = hear(asked, began as Line, definition);
  expect(again).toMatchObject({ status: "running", question: null });
  expect(again.nodes.Clerk).toMatchObject({ state: "waiting" });
});

test("what runs in loops is told apart by the loop", () => {
  const scope = [
    { node: "Each", type: "Iterator", index: 2 },
    { node: "Again", type: "Loop", index: 0 },
  ];
  const live = told(began, { event: "node_started", at_ns: 1, node: "Work", type: "InlineCode", scope });
  expect(Object.keys(live.nodes)).toEqual(["Again/Work"]);
});
