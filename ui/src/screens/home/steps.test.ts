import { describe, expect, it } from "vitest";
import { serverAddress, steps, written } from "./steps";

describe("the server's address", () => {
  it.each([
    ["http://127.0.0.1:8321/", "http://127.0.0.1:8321"],
    ["http://127.0.0.1:8321/#/?search=a/b", "http://127.0.0.1:8321"],
    ["https://example.com/flows/#/settings", "https://example.com/flows"],
    ["https://example.com/flows/index.html", "https://example.com/flows"],
  ])("of %s is %s", (href, server) => {
    expect(serverAddress(href)).toBe(server);
  });
});

describe("values as they are written", () => {
  const value = { a: [1, { b: "x ] }" }], long: ["y".repeat(50), "z".repeat(50)] };

  it("are JSON", () => {
    expect(JSON.parse(written(value))).toEqual(value);
  });

  it("stand on a line where there is room", () => {
    expect(written(value).split("\n")).toHaveLength(7);
    expect(written({ a: [1, 2] })).toBe('{"a": [1, 2]}');
  });
});

describe("first steps", () => {
  it("have the server's address and no key in them", () => {
    for (const isOpen of [true, false]) {
      for (const step of steps("http://here:1", isOpen)) {
        expect(step.code).toContain("http://here:1");
        expect(/\bany\b/.test(step.code)).toBe(isOpen && step.name !== "headrace push");
      }
    }
  });
});
