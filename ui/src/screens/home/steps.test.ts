import { describe, expect, it } from "vitest";
import { serverAddress, steps } from "./steps";

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

describe("first steps", () => {
  it("have the server's address and no key in them", () => {
    for (const isOpen of [true, false]) {
      for (const step of steps("http://here:1", isOpen)) {
        expect(step.code).toContain("http://here:1");
        expect(step.code.includes("any")).toBe(isOpen && step.name !== "headrace push");
      }
    }
  });
});
