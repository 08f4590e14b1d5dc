import { describe, expect, test } from "vitest";
import type { Definition, DefinitionNode } from "../../../canvas/definition";
import { copied, pasted } from "./clipboard";
import {
  addNode,
  addPort,
  changePort,
  connect,
  removeConnection,
  removeNodes,
  removePort,
  renameNode,
  renamePort,
} from "./edits";
import { initial, isChoice, onlyWay, type Schema, withMember } from "./form";
import { amend, begin, push, redo, undo } from "./history";
import { levelAt, withLevel } from "./levels";
import { freeName } from "./names";
import { type NodeTypeBody, setSettings, setVariables } from "./settings";

const node = (name: string, more: Partial<DefinitionNode> = {}): DefinitionNode => ({
  name,
  type: "Prompt",
  inputs: [{ name: "in", type: "String", expression: "$.data" }],
  outputs: [{ name: "out", type: "String" }],
  ...more,
});

const LEVEL: Definition = { nodes: [node("A"), node("B"), node("C")], connections: [] };

function joined(): Definition {
  const one = connect(LEVEL, { source: "A", output: "out", target: "B", input: "in" });
  const two = one && connect(one.level, { source: "B", output: "out", target: "C", input: "in" });
  if (!two) throw new Error("not connected");
  return two.level;
}

const ends = (level: Definition) => level.connections?.map(({ source, target }) => `${source}>${target}`);

test("names are free and fit the rule of names", () => {
  expect(freeName("Prompt", [])).toBe("Prompt");
  expect(freeName("Prompt", ["Prompt"])).toBe("Prompt2");
  expect(freeName("Prompt2", ["Prompt2", "Prompt3"])).toBe("Prompt4");
  expect(freeName("9 lives!", [])).toBe("lives");
  expect(freeName("!", [])).toBe("Node");
  expect(freeName("x".repeat(60), ["x".repeat(50)])).toHaveLength(50);
});

describe("levels", () => {
  const loop = node("Loop", { type: "Loop", configuration: { loop: { definition: LEVEL } } });
  const whole: Definition = { nodes: [node("A"), loop], connections: [] };

  test("lead into loops and back", () => {
    expect(levelAt(whole, [])).toBe(whole);
    expect(levelAt(whole, ["Loop"])).toBe(LEVEL);
    expect(levelAt(whole, ["A"])).toBeNull();
    expect(levelAt(whole, ["Gone"])).toBeNull();
    const changed = withLevel(whole, ["Loop"], removeNodes(LEVEL, ["B"]));
    expect(levelAt(changed, ["Loop"])?.nodes?.map(({ name }) => name)).toEqual(["A", "C"]);
    expect(changed.nodes?.[0]).toBe(whole.nodes?.[0]);
  });
});

describe("edits", () => {
  test("a node gets a name of its own", () => {
    const { level, name } = addNode(LEVEL, node("A"));
    expect(level.nodes?.map((one) => one.name)).toEqual(["A", "B", "C", name]);
    expect(new Set(level.nodes?.map((one) => one.name)).size).toBe(4);
  });

  test("connections follow a renamed node", () => {
    const level = renameNode(joined(), "B", "Middle");
    expect(ends(level)).toEqual(["A>Middle", "Middle>C"]);
    expect(renameNode(level, "Middle", "A")).toBe(level);
    expect(renameNode(level, "Middle", "")).toBe(level);
  });

  test("what is removed takes its connections with it", () => {
    expect(ends(removeNodes(joined(), ["B"]))).toEqual([]);
    const [first] = joined().connections ?? [];
    expect(ends(removeConnection(joined(), first?.name ?? ""))).toEqual(["B>C"]);
  });

  test("an input takes one value", () => {
    const again = connect(joined(), { source: "A", output: "out", target: "C", input: "in" });
    expect(again && ends(again.level)).toEqual(["A>B", "A>C"]);
    expect(connect(LEVEL, { source: "A", output: "out", target: "A", input: "in" })).toBeNull();
    expect(connect(LEVEL, { source: "A", output: "out", target: "Gone", input: "in" })).toBeNull();
    expect(connect(LEVEL, { source: "A", target: "B" })).toBeNull();
  });

  test("a turn is a connection to the whole node, and is there once", () => {
    const one = connect(LEVEL, { source: "A", condition: "yes", target: "B" });
    expect(one?.level.connections?.[0]).toMatchObject({
      type: "Conditional",
      configuration: { conditional: { condition: "yes" } },
    });
    const again = one && connect(one.level, { source: "A", condition: "yes", target: "B" });
    expect(again?.level.connections).toHaveLength(1);
  });

  test("connections follow a renamed port, and go with a removed one", () => {
    const level = renamePort(joined(), "B", "inputs", "in", "question");
    expect(level.connections?.[0]?.configuration?.data?.targetInput).toBe("question");
    expect(level.connections?.[1]?.configuration?.data?.targetInput).toBe("in");
    expect(ends(removePort(level, "B", "inputs", "question"))).toEqual(["B>C"]);
    expect(ends(removePort(level, "B", "outputs", "out"))).toEqual(["A>B"]);
  });

  test("ports are added and changed", () => {
    const level = addPort(LEVEL, "A", "inputs", { name: "in", type: "Number" });
    expect(level.nodes?.[0]?.inputs?.[1]).toEqual({ name: "in2", type: "Number", expression: "$.data" });
    const typed = changePort(level, "A", "inputs", "in2", { type: "Array" });
    expect(typed.nodes?.[0]?.inputs?.map((one) => one.type)).toEqual(["String", "Array"]);
  });
});

describe("settings", () => {
  const type = (more: Partial<NodeTypeBody>) =>
    ({ settings_key: "condition", outputs: [], ...more }) as unknown as NodeTypeBody;
  const conditions = (...names: string[]) => ({ conditions: names.map((name) => ({ name })) });

  test("a renamed condition stays connected, and one that is gone does not", () => {
    const first = setSettings(LEVEL, "A", type({}), conditions("yes", "default"));
    const turn = connect(first, { source: "A", condition: "yes", target: "B" });
    if (!turn) throw new Error("not connected");
    const renamed = setSettings(turn.level, "A", type({}), conditions("sure", "default"));
    expect(renamed.connections?.[0]?.configuration?.conditional?.condition).toBe("sure");
    expect(setSettings(renamed, "A", type({}), conditions("default")).connections).toEqual([]);
  });

  test("outputs that hang on settings come and go", () => {
    const base = type({
      settings_key: "knowledgeBase",
      outputs: [
        { name: "text", type: "String", is_required: true, given: "modelId", without: null },
        { name: "results", type: "Array", is_required: true, given: null, without: "modelId" },
      ],
    });
    const outputs = (settings: object) =>
      setSettings(LEVEL, "A", base, settings as Record<string, unknown>).nodes?.[0]?.outputs?.map(
        (one) => one.name,
      );
    expect(outputs({})).toEqual(["results"]);
    expect(outputs({ modelId: "m" })).toEqual(["text"]);
  });

  test("inputs follow the variables, and connected ones stay", () => {
    const level = setVariables(joined(), "B", ["topic", "tone"]);
    expect(level.nodes?.[1]?.inputs?.map((one) => one.name)).toEqual(["in", "topic", "tone"]);
    const fewer = setVariables(level, "B", ["tone"]);
    expect(fewer.nodes?.[1]?.inputs?.map((one) => one.name)).toEqual(["in", "tone"]);
    expect(setVariables(fewer, "B", ["tone", "in"])).toBe(fewer);
    const text = { text: "{{tone}}", inputVariables: [{ name: "old" }] };
    const told = { nodes: [node("A", { inputs: [], configuration: { prompt: { text } } })] };
    expect(setVariables(told, "A", ["tone"]).nodes?.[0]?.configuration).toEqual({
      prompt: { text: { text: "{{tone}}", inputVariables: [{ name: "tone" }] } },
    });
  });
});

test("steps are undone and redone, and typing is one step", () => {
  let history = begin("");
  for (const text of ["a", "ab", "abc"]) history = push(history, text, "field");
  history = push(history, "other");
  history = amend(history, "other!");
  expect(push(history, "other!")).toBe(history);
  history = undo(history);
  expect(history.present).toBe("abc");
  history = undo(history);
  expect(history.present).toBe("");
  expect(undo(history)).toBe(history);
  history = redo(redo(history));
  expect(history.present).toBe("other!");
  expect(redo(history)).toBe(history);
  expect(push(undo(history), "new").future).toEqual([]);
});

describe("the clipboard", () => {
  test("takes nodes with what connects them, and gives them other names", () => {
    const text = copied(joined(), ["A", "B"]);
    const { level, names } = pasted(joined(), text);
    expect(names).toHaveLength(2);
    expect(level.nodes).toHaveLength(5);
    expect(level.connections?.at(-1)).toMatchObject({ source: names[0], target: names[1] });
    expect(new Set(level.connections?.map((one) => one.name)).size).toBe(3);
    expect(JSON.parse(copied(joined(), [])).nodes).toHaveLength(3);
    expect(pasted({}, JSON.stringify({ definition: joined() })).names).toEqual(["A", "B", "C"]);
  });

  test("says what it can't read", () => {
    expect(() => pasted(LEVEL, "{")).toThrow("not JSON");
    expect(() => pasted(LEVEL, "[]")).toThrow("nodes");
    expect(() => pasted(LEVEL, '{"nodes": [{"name": 1}]}')).toThrow("a name and a type");
  });
});

describe("forms", () => {
  const schema: Schema = {
    type: "object",
    required: ["kind", "template"],
    properties: {
      template: {
        type: "object",
        maxProperties: 1,
        properties: {
          text: { type: "object", required: ["text"], properties: { text: { type: "string" } } },
          chat: { type: "object", properties: {} },
        },
      },
      kind: {
        type: "string",
        enum: ["TEXT", "CHAT"],
        "x-follows": { member: "template", values: { text: "TEXT", chat: "CHAT" } },
      },
      rate: { type: "number", minimum: 0 },
    },
  };

  test("begin with what is needed", () => {
    expect(initial(schema)).toEqual({ template: { text: { text: "" } }, kind: "TEXT" });
    expect(initial({ type: "array", minItems: 2, items: { type: "integer", minimum: 1 } })).toEqual([1, 1]);
    expect(initial({ type: "boolean" })).toBe(false);
    const lists: Schema = { type: "array", items: { type: "string" } };
    const both: Schema = { type: "object", required: ["one"], properties: { one: lists, other: lists } };
    expect(initial(both)).toEqual({ one: [""] });
    expect(initial({ format: "json" })).toEqual({});
  });

  test("values follow what is chosen beside them", () => {
    const begun = initial(schema) as Record<string, unknown>;
    expect(withMember(schema, begun, "template", { chat: {} })).toMatchObject({ kind: "CHAT" });
    expect(withMember(schema, { ...begun, rate: 1 }, "rate", undefined)).not.toHaveProperty("rate");
    const code: Schema = {
      type: "object",
      required: ["language"],
      properties: { code: { type: "string" }, language: { type: "string", enum: ["Python_3"] } },
    };
    expect(withMember(code, {}, "code", "1")).toEqual({ code: "1", language: "Python_3" });
    expect(isChoice(schema.properties?.template ?? {})).toBe(true);
    expect(onlyWay({ type: "object", maxProperties: 1, properties: { s3: {} } })?.[0]).toBe("s3");
    expect(onlyWay(schema.properties?.template ?? {})).toBeNull();
  });
});
