import { describe, expect, it } from "vitest";
import { type Language, tokens } from "./highlight";

const coloured = (text: string, language: Language) =>
  tokens(text, language)
    .filter((one) => one.kind)
    .map((one) => `${one.kind} ${one.text}`);

describe("code", () => {
  it("is told apart in JSON", () => {
    expect(coloured('{"a": "b: \\" c", "n": [-1.5e3, null]}', "json")).toEqual([
      'key "a"',
      'text "b: \\" c"',
      'key "n"',
      "number -1.5e3",
      "word null",
    ]);
  });

  it("is told apart in Python", () => {
    expect(
      coloured('def f(x):  # why\n  """Some\n# text."""\n  return f\'{x}\' if x1 else 7', "python"),
    ).toEqual([
      "word def",
      "note # why",
      'text """Some\n# text."""',
      "word return",
      "text '{x}'",
      "word if",
      "word else",
      "number 7",
    ]);
  });

  it("is told apart in templates", () => {
    expect(coloured("Hi {{ name }}, {% if a %}{# no #}{ {", "template")).toEqual([
      "hole {{ name }}",
      "hole {% if a %}",
      "note {# no #}",
    ]);
  });

  it.each(["json", "python", "template"] as const)("is whole again in %s, whatever it is", (language) => {
    for (const odd of ['"', "'''", '\\"', '"\\', "{{", "{%", "{#", "#", "1e", "\ud83d\ude00\n"]) {
      const text = odd.repeat(3_000);
      expect(
        tokens(text, language)
          .map((one) => one.text)
          .join(""),
      ).toBe(text);
    }
  });
});
