import { expect, test } from "vitest";
import { stepped } from "./LogTable";
import { joined, type LogRow } from "./pages";

test("keys lead from row to row and stop at the ends", () => {
  const ids = ["c", "b", "a"];
  expect(stepped(ids, "c", "j")).toBe("b");
  expect(stepped(ids, "c", "ArrowUp")).toBe("c");
  expect(stepped(ids, "a", "ArrowDown")).toBe("a");
  expect(stepped(ids, null, "j")).toBe("c");
  expect(stepped(ids, "gone", "k")).toBe("a");
  expect(stepped(ids, "c", "x")).toBeNull();
  expect(stepped([], null, "j")).toBeNull();
});

test("what is new comes above what is there, each row once and as it is now", () => {
  const row = (id: string, output: string) => ({ id, output }) as LogRow;
  const rows = joined([row("c", ""), row("b", "new")], [row("b", "old"), row("a", "")]);
  expect(rows.map((one) => [one.id, one.output])).toEqual([
    ["c", ""],
    ["b", "new"],
    ["a", ""],
  ]);
});
