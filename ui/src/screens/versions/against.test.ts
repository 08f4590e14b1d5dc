import { describe, expect, it } from "vitest";
import { againstOf } from "./against";
import type { VersionRow } from "./useVersionList";

const row = (number: number, ...pointers: { name: string; is_default: boolean }[]) =>
  ({ version_id: `flv_${number}`, numbers: [number], pointers }) as unknown as VersionRow;
const production = { name: "production", is_default: true };
const staging = { name: "staging", is_default: false };

describe("with what a version is compared", () => {
  const rows = [row(3, staging), row(2), row(1, production)];
  it.each([
    ["3", { ref: "1", name: "production" }],
    ["flv_2", { ref: "1", name: "production" }],
    ["draft", { ref: "1", name: "production" }],
    ["1", { ref: null, name: null }],
  ])("%s", (ref, expected) => {
    expect(againstOf(rows, ref)).toMatchObject(expected);
  });

  it("is the one before where that is live itself", () => {
    expect(againstOf([row(2, production), row(1)], "2")).toMatchObject({ ref: "1", name: null });
    expect(againstOf([row(2), row(1)], "draft")).toMatchObject({ ref: "2", name: null });
    expect(againstOf([row(2), row(1)], "1")).toMatchObject({
      ref: null,
      why: expect.stringContaining("nothing before"),
    });
  });

  it("is not guessed of one that is not in the list", () => {
    expect(againstOf([row(20), row(19)], "3")).toMatchObject({
      ref: null,
      why: expect.stringContaining("further down"),
    });
  });
});
