import { expect, test } from "vitest";
import { namesOf } from "./models";

test("models are named by the routes that are no patterns, each once", () => {
  const providers = [
    { models: ["gpt-4o", "gpt-*", "*"] },
    { models: ["local-[ab]", "tiny?", "gpt-4o", "tiny"] },
  ];
  expect(namesOf(providers)).toEqual(["gpt-4o", "tiny"]);
  expect(namesOf([])).toEqual([]);
});
