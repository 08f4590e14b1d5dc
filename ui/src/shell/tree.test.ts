import { describe, expect, it } from "vitest";
import type { TreePage } from "../parts/files";
import { above, extended, rowsOf, step } from "./tree";

const page = (
  path: string,
  directories: string[],
  files: string[],
  next: string | null = null,
): TreePage => ({
  id: `dir_${path}`,
  path,
  directories: directories.map((one) => ({ id: `dir_${one}`, path: one, name: one, files_count: 1 })),
  files: files.map((one) => ({
    id: `fl_${one}`,
    type: "flow",
    path: one,
    name: one,
    updated_at: "2026-01-01T00:00:00Z",
    logs_count: 0,
    last_used_at: null,
  })),
  next,
});

const branches = { "": page("", ["a", "b"], ["z"]), a: page("a", [], ["x", "y"], "fl_y") };

describe("the rows of the tree", () => {
  it("has what is in open directories below them", () => {
    const keys = rowsOf(branches, new Set(["a"])).map((row) => `${row.level} ${row.key}`);
    expect(keys).toEqual([
      "1 directory a",
      "2 file fl_x",
      "2 file fl_y",
      "2 more a",
      "1 directory b",
      "1 file fl_z",
    ]);
  });

  it("has nothing of a directory that is open and not known yet", () => {
    expect(rowsOf(branches, new Set(["b"]))).toHaveLength(3);
  });

  it("grows by pages", () => {
    const grown = extended(branches.a, page("a", [], ["q"]));
    expect(grown.files.map((one) => one.name)).toEqual(["x", "y", "q"]);
    expect(grown.next).toBeNull();
    expect(extended(undefined, branches.a)).toBe(branches.a);
  });

  it("knows what is above a file", () => {
    expect(above("a/b/c")).toEqual(["a", "a/b"]);
    expect(above("c")).toEqual([]);
  });
});

describe("keys in the tree", () => {
  const rows = rowsOf(branches, new Set(["a"]));
  it.each([
    [0, "ArrowDown", { to: 1 }],
    [0, "ArrowUp", { to: 0 }],
    [5, "ArrowDown", { to: 5 }],
    [3, "Home", { to: 0 }],
    [3, "End", { to: 5 }],
    [0, "ArrowRight", { to: 1 }],
    [4, "ArrowRight", { toggle: "b" }],
    [1, "ArrowRight", null],
    [0, "ArrowLeft", { toggle: "a" }],
    [2, "ArrowLeft", { to: 0 }],
    [5, "ArrowLeft", null],
    [9, "ArrowDown", null],
    [0, "x", null],
  ])("from row %i %s leads on", (place, key, expected) => {
    expect(step(rows, place, key)).toEqual(expected);
  });
});
