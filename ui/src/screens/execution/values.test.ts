import { expect, test } from "vitest";
import { cause, line, written } from "./values";

test("a text is written without its quotes, and what was cut as it is", () => {
  expect(written('"a\\nb"', true)).toEqual({ text: "a\nb", isText: true });
  expect(written('{"a":1}', true)).toEqual({ text: '{\n  "a": 1\n}', isText: false });
  expect(written('{"a":', false)).toEqual({ text: '{"a":', isText: false });
  expect(line('"so it goes"')).toBe("so it goes");
  expect(line('"so \\"it\\" go')).toBe('so "it" go');
  expect(line('{"a":1}')).toBe('{"a":1}');
});

test("the cause of a failure does not say the node again", () => {
  expect(cause("Node Ask failed: too slow", "Ask")).toBe("too slow");
  expect(cause("The flow took too long", null)).toBe("The flow took too long");
});
