import { expect, test } from "vitest";
import { brokenOff, firstFields, givenOf, hear, type Line, messageOf, NOTHING, shownNames } from "./call";

const told = (...lines: unknown[]) =>
  lines.reduce((call: typeof NOTHING, line) => hear(call, line as Line), NOTHING);
const begun = { line: "call", log_id: "log_1" };

test("the answer is there as far as it has come", () => {
  const call = told(begun, { line: "text", text: "Good " }, { line: "text", text: "day" });
  expect(call).toMatchObject({ status: "running", log: "log_1", text: "Good day", answer: null });
  const end = hear(call, { line: "answer", output: "Good day.", output_tokens: 3 } as Line);
  expect(end).toMatchObject({ status: "done", text: "Good day.", error: null, answer: { output_tokens: 3 } });
});

test("what a model said before it failed stays", () => {
  const call = told(
    begun,
    { line: "text", text: "Good" },
    { line: "answer", output: null, error: "It is busy." },
  );
  expect(call).toMatchObject({ status: "failed", text: "Good", error: "It is busy." });
});

test("lines that end too early are a failure, and those that do not are none", () => {
  expect(brokenOff(told(begun))).toMatchObject({ status: "failed", error: "The connection broke off." });
  const done = told(begun, { line: "answer", output: "x" });
  expect(brokenOff(done)).toBe(done);
});

test("fields are those of the variables, with what was given last", () => {
  const fields = firstFields(["city", "days"], { city: "Oslo", days: [1, 2], old: "x" });
  expect(fields.city).toEqual({ text: "Oslo", isJson: false });
  expect(fields.days?.isJson).toBe(true);
  expect(shownNames(["city", "days"], fields)).toEqual(["city", "days", "old"]);
  expect(shownNames(["city"], firstFields(["city"], null))).toEqual(["city"]);
});

test("inputs are texts, unless they are written as JSON", () => {
  const fields = firstFields(["a", "b"], { a: "1", b: 1 });
  expect(givenOf(["a", "b"], fields)).toEqual({ inputs: { a: "1", b: 1 } });
  expect(givenOf(["c"], fields)).toEqual({ inputs: { c: "" } });
  expect(givenOf(["b"], { b: { text: "[1", isJson: true } })).toMatchObject({ name: "b" });
});

test("an answer may be nothing but tools to be called", () => {
  expect(messageOf(told(begun))).toBeNull();
  const message = { role: "assistant", content: null, tool_calls: [{ id: "t" }] };
  const call = told(begun, { line: "answer", output: null, output_message: message });
  expect(messageOf(call)).toMatchObject({ content: "", tool_calls: [{ id: "t" }] });
});
