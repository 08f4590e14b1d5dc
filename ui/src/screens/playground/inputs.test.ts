import { expect, test } from "vitest";
import { first, typed } from "./inputs";
import { snippets } from "./snippets";

test("what is typed has to be of the type", () => {
  expect(typed("42", "String")).toEqual({ value: "42" });
  expect(typed("42", "Number")).toEqual({ value: 42 });
  expect(typed("true", "Boolean")).toEqual({ value: true });
  expect(typed("[1]", "Array")).toEqual({ value: [1] });
  expect(typed('{"a": 1}', "Object")).toEqual({ value: { a: 1 } });
  for (const [text, type] of [
    ["x", "Number"],
    ["[1]", "Object"],
    ["{}", "Array"],
    ["null", "Object"],
    ["1", "Boolean"],
  ] as const) {
    expect(typed(text, type), text).toHaveProperty("problem");
  }
});

test("the form begins with the last document, if that is of the type", () => {
  expect(first("hello", "String")).toBe("hello");
  expect(first({ a: 1 }, "String")).toBe("");
  expect(first("hello", "Number")).toBe("1");
  expect(first([1], "Array")).toBe("[\n  1\n]");
  expect(first(null, "Object")).toBe("{}");
});

test("a call is copied with its document, whatever quotes it has", () => {
  const call = {
    origin: "https://h.example",
    flow: "fl_1",
    shortId: "ABCDEFGHIJ",
    path: "a/b",
    node: "In",
    target: { ref: "env_1", name: "production", kind: "environment", aliasId: "KLMNOPQRST" },
    input: `it's "so"`,
  };
  const by = Object.fromEntries(snippets(call).map((one) => [one.name, one.text]));
  expect(by.curl).toContain(`'{"input":"it'\\''s \\"so\\"","target":"env_1"}'`);
  expect(by.boto3).toContain('flowAliasIdentifier="KLMNOPQRST"');
  expect(by.boto3).toContain(`"it's \\"so\\""`);
  expect(by["headrace run"]).toContain("--alias production");
  const version = snippets({ ...call, target: { ref: "3", name: "v3", kind: "version", aliasId: null } });
  expect(version.map((one) => one.name)).toEqual(["curl", "headrace run"]);
});
