import { expect, test } from "vitest";
import { inputsOf, lineOf, parametersOf, toolOf, variablesIn } from "./said";

test("a prompt's parameters are what is no template and no tool", () => {
  const prompt = { model: "gpt-4o", template: [], max_tokens: 40, stop: ["a", "b"], seed: null, tools: [] };
  expect(parametersOf(prompt)).toEqual([
    ["model", "gpt-4o"],
    ["max tokens", "40"],
    ["stop", '["a","b"]'],
  ]);
});

test("tools are told alike, wherever they stand", () => {
  const parameters = {
    properties: { city: { type: "string", description: "Where." }, unit: { enum: ["C", "F"] } },
    required: ["city"],
  };
  const plain = toolOf({ name: "weather", description: "Looks.", parameters });
  expect(plain).toMatchObject({ name: "weather", about: "Looks.", file: null });
  expect(plain.parameters).toEqual([
    { name: "city", type: "string", about: "Where.", isRequired: true },
    { name: "unit", type: "one of", about: '"C", "F"', isRequired: false },
  ]);
  expect(toolOf({ type: "inline", json_schema: { name: "w" }, on_agent_call: "stop" })).toMatchObject({
    name: "w",
    onCall: "stop",
  });
  expect(toolOf({ type: "file", link: { file_id: "tl_1" } })).toMatchObject({ file: "tl_1", name: "a file" });
  expect(toolOf(null).parameters).toEqual([]);
});

test("variables are found in texts and in messages", () => {
  expect(variablesIn("{{ name }} and {{größe}}, {{name}}")).toEqual(["name", "größe"]);
  expect(variablesIn([{ role: "user", content: "{{log.output}}" }])).toEqual(["log.output"]);
  expect(variablesIn(null)).toEqual([]);
});

test("inputs of datapoints are columns", () => {
  expect(inputsOf([{ inputs: { a: 1 } }, { inputs: null }, { inputs: { b: 2, a: 3 } }])).toEqual(["a", "b"]);
});

test("short values stand on one line", () => {
  expect(lineOf({ output: "4" })).toBe('{"output":"4"}');
  expect(lineOf("a\nb")).toBe("a\nb");
  expect(lineOf({ output: "x".repeat(120) })).toContain("\n");
});
