/// <reference types="vite/client" />
import { expect, it } from "vitest";

const sheets = import.meta.glob<string>("./**/*.css", { query: "?raw", import: "default", eager: true });
/** What all screens may say more of. */
const SHARED = /^\.\/(style|parts\/|shell\/|canvas\/)/;

/** The classes that selectors of a stylesheet begin with. */
function beginnings(sheet: string): Set<string> {
  const selectors = sheet.replace(/\/\*.*?\*\//gs, "").matchAll(/([^{}]+)\{/g);
  const first = [...selectors].flatMap(([, said = ""]) => said.split(","));
  return new Set(first.map((one) => /^\s*\.([\w-]+)/.exec(one)?.[1] ?? "").filter(Boolean));
}

it("looks the same whichever screens were seen before: a class is one stylesheet's", () => {
  const owners = new Map<string, string[]>();
  for (const [path, sheet] of Object.entries(sheets)) {
    for (const name of beginnings(sheet)) owners.set(name, [...(owners.get(name) ?? []), path]);
  }
  const shared = new Set(
    [...owners].filter(([, by]) => by.some((path) => SHARED.test(path))).map(([n]) => n),
  );
  const doubled = [...owners].filter(([name, by]) => by.length > 1 && !shared.has(name));
  expect(owners.size).toBeGreaterThan(100);
  expect(doubled).toEqual([]);
});
