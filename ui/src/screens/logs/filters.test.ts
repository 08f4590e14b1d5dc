import { describe, expect, test } from "vitest";
import { asked, chosen, FILTERS, fromInput, nothing, toInput, without } from "./filters";

const query = (text: string) => new URLSearchParams(text);

describe("what the address asks for", () => {
  test("has the API's names, and nothing else", () => {
    const said = asked(query("search=red+kite&error=true&log=log_1&live=1&version=&least=0.5"));
    expect(said).toEqual({ search: "red kite", error: "true", least: "0.5" });
  });

  test("is told in words", () => {
    const told = chosen(query("version=3&error=false&evaluator=a%2Fpolite&verdict=true")).map(
      (one) => one.text,
    );
    expect(told).toEqual(["Version: 3", "Only without", "polite: yes"]);
    const range = chosen(query("evaluator=score&least=0.5&most=1")).map((one) => one.text);
    expect(range).toEqual(["score: at least 0.5, at most 1"]);
    expect(chosen(query("evaluator=score")).map((one) => one.text)).toEqual(["score: judged"]);
  });

  test("is taken away one by one, or as a whole", () => {
    const judgment = FILTERS.find((one) => one.name === "evaluator");
    expect(judgment && without(judgment)).toEqual({
      evaluator: null,
      verdict: null,
      least: null,
      most: null,
    });
    expect(Object.keys(nothing())).toContain("search");
    expect(Object.keys(nothing())).not.toContain("log");
  });
});

test("moments go through an input and come back", () => {
  const iso = "2026-03-01T12:30:00.000Z";
  expect(fromInput(toInput(iso))).toBe(iso);
  expect([toInput("lately"), fromInput("")]).toEqual(["", ""]);
});
