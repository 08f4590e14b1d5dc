import { expect, test } from "vitest";
import { isSame, membersOf, pruned, type Schema, withMember, worded } from "./schema";

const FORM: Schema = {
  type: "object",
  properties: {
    evaluator_type: { const: "python" },
    code: { type: "string", "x-form": "code" },
    return_type: { enum: ["boolean", "select"] },
    options: { type: "array", "x-only-for": { return_type: ["select"] } },
  },
};

test("members count where another one says so", () => {
  const names = (value: object) => membersOf(FORM, { ...value }).map(([name]) => name);
  expect(names({ return_type: "boolean" })).toEqual(["code", "return_type"]);
  expect(names({ return_type: "select" })).toEqual(["code", "return_type", "options"]);
  expect(pruned(FORM, { return_type: "boolean", options: [{ name: "a" }] })).toEqual({
    return_type: "boolean",
  });
});

test("what is empty is not said", () => {
  expect(withMember({ a: 1 }, "b", "x")).toEqual({ a: 1, b: "x" });
  for (const nothing of ["", null, undefined, []])
    expect(withMember({ a: 1, b: 2 }, "b", nothing)).toEqual({ a: 1 });
  expect(withMember({ a: 1 }, "a", 0)).toEqual({ a: 0 });
});

test("two say the same in whatever order, and null is nothing", () => {
  expect(isSame({ a: 1, b: { c: [1], d: null } }, { b: { c: [1] }, a: 1 })).toBe(true);
  expect(isSame({ a: [1, 2] }, { a: [2, 1] })).toBe(false);
});

test("words are words", () => expect(worded("multi_select")).toBe("multi select"));
