import { useRef } from "react";

/** The same list, in which what is as it was is the very thing that it was: nothing of it is drawn again. */
export function useSame<Item extends { id: string; data?: object }>(items: Item[]): Item[] {
  const known = useRef(new Map<string, Item>());
  const kept = items.map((item) => {
    const before = known.current.get(item.id);
    return before && isSame(before, item) ? before : item;
  });
  known.current = new Map(kept.map((item) => [item.id, item]));
  return kept;
}

/** Whether two things have the same members; what they hold is compared one level deep. */
export function isSame(one: object, other: object): boolean {
  return sameMembers(one, other, (a, b) => isPlain(a) && isPlain(b) && sameMembers(a, b, Object.is));
}

function isPlain(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function sameMembers(one: object, other: object, isAlike: (a: unknown, b: unknown) => boolean): boolean {
  const names = Object.keys(one);
  if (names.length !== Object.keys(other).length) return false;
  return names.every((name) => {
    const [a, b] = [one[name as keyof typeof one], other[name as keyof typeof other]] as [unknown, unknown];
    return Object.is(a, b) || isAlike(a, b);
  });
}
