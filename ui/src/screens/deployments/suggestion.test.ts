import { expect, test } from "vitest";
import type { Live } from "../../parts/versions";
import { suggestion } from "./suggestion";

function live(name: string, number: number | null, more: Partial<Live> = {}): Live {
  const pointer = { kind: "environment", id: name, name };
  return {
    pointer,
    number,
    version_id: `flv_${number}`,
    target: null,
    shares: [],
    is_off: false,
    from_version_id: null,
    ...more,
  } as Live;
}

test("what is ahead elsewhere is promoted, the furthest first", () => {
  const all = [live("production", 3), live("staging", 4), live("development", 5)];
  expect(suggestion(all[0] as Live, all, 6)).toEqual({
    name: "Promote v5",
    isMain: true,
    query: { do: "promote", pointer: "production", from: "development" },
  });
});

test("what is deployed nowhere is offered, and otherwise the way back", () => {
  const all = [live("production", 3), live("staging", 2)];
  expect(suggestion(all[0] as Live, all, 4)?.name).toBe("Deploy v4");
  const moved = live("production", 3, { from_version_id: "flv_2" });
  expect(suggestion(moved, [], 3)?.query).toEqual({ do: "rollback", pointer: "production" });
  expect(suggestion(live("production", 3), [], 3)).toBeNull();
});

test("what is off is to be switched on first", () => {
  const off = live("production", 3, { is_off: true });
  expect(suggestion(off, [off, live("staging", 4)], 4)?.name).toBe("Switch on");
});

test("of what has no number nothing is known", () => {
  expect(suggestion(live("live", null, { target: "DRAFT" }), [live("production", 3)], 3)).toBeNull();
});
