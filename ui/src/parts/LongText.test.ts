import { expect, it } from "vitest";
import { pieces } from "./LongText";

it("shows the beginning in pieces, and cuts no letter in two", () => {
  expect(pieces("a".repeat(2_500), 20_000).map((one) => one.length)).toEqual([1_000, 1_000, 500]);
  expect(pieces("a".repeat(2_500), 1_200).join("")).toBe("a".repeat(1_200));
  const smiling = "😀".repeat(1_000);
  const shown = pieces(`a${smiling}`, 1_500);
  expect(`a${smiling}`.startsWith(shown.join(""))).toBe(true);
  expect(shown.some((one) => /\p{Surrogate}/u.test(one))).toBe(false);
});
