import { expect, test } from "vitest";
import { asMessages, partsOf, toolCallsOf } from "./messages";

test("a template that is a text is one message", () => {
  expect(asMessages("Hello {{name}}")).toEqual([{ role: "user", content: "Hello {{name}}" }]);
  expect(asMessages(null)).toEqual([]);
  expect(asMessages([null, 3, { role: "user" }])).toEqual([{ role: "user" }]);
});

test("what a message says is read whatever its shape", () => {
  expect(partsOf({ content: "Hi" })).toEqual([{ kind: "text", text: "Hi" }]);
  expect(partsOf({ content: null })).toEqual([]);
  const parts = [
    { type: "text", text: "See" },
    { type: "image_url", image_url: { url: "data:x" } },
    { type: "odd" },
  ];
  expect(partsOf({ content: parts })).toEqual([
    { kind: "text", text: "See" },
    { kind: "image", text: "data:x" },
    { kind: "odd", text: '{\n  "type": "odd"\n}' },
  ]);
});

test("arguments of tools are read as JSON where they are some", () => {
  const calls = [
    { id: "1", function: { name: "look", arguments: '{"a":1}' } },
    { function: { arguments: "{" } },
  ];
  expect(toolCallsOf({ tool_calls: calls })).toEqual([
    { id: "1", name: "look", text: '{\n  "a": 1\n}' },
    { id: "1", name: "a tool", text: "{" },
  ]);
  expect(toolCallsOf({})).toEqual([]);
});
