/** The versions and pointers of a file, as several screens choose among them. */
import { useEffect } from "react";
import { type Loaded, useLoaded } from "../loaded";
import { ask, type Body } from "../server";

export interface VersionOption {
  version_id: string;
  numbers: number[];
  name: string | null;
  description: string | null;
}

export type Live = Body<"LiveBody">;

const MOST = 200;

/** The newest versions of a file. */
export function useVersions(file: string): Loaded<VersionOption[]> {
  return useLoaded(`versions ${file}`, async (signal) => {
    const query = { take: MOST };
    const found = await ask<{ versions: VersionOption[] }>("GET", ["files", file, "versions"], {
      query,
      signal,
    });
    return found.versions;
  });
}

/** Told when this page has moved a pointer. */
export const pointerMoved = new EventTarget();

/** What is live; again when a pointer is moved here, and with `everyMs` again and again. */
export function usePointers(file: string, everyMs?: number): Loaded<Body<"LiveList">> {
  const found = useLoaded(
    `pointers ${file}`,
    (signal) => ask<Body<"LiveList">>("GET", ["files", file, "pointers"], { signal }),
    { everyMs },
  );
  useAfterMoves(found.reload);
  return found;
}

/** Load again whenever this page made a version or moved a pointer. */
export function useAfterMoves(reload: () => void): void {
  useEffect(() => {
    pointerMoved.addEventListener("moved", reload);
    return () => pointerMoved.removeEventListener("moved", reload);
  }, [reload]);
}

/** What a version is called: its newest number, or its name, or the beginning of its id. */
export function called(version: { version_id: string; numbers: number[]; name?: string | null }): string {
  const number = version.numbers.at(-1);
  return number === undefined ? (version.name ?? shortId(version.version_id)) : `v${number}`;
}

/** The same of what a pointer targets. */
export function aimed(aim: {
  version_id: string | null;
  number: number | null;
  target?: string | null;
}): string {
  if (aim.target === "DRAFT") return "draft";
  if (aim.target) return `v${aim.target}`;
  if (aim.number !== null) return `v${aim.number}`;
  return aim.version_id === null ? "nothing" : shortId(aim.version_id);
}

export function shortId(id: string): string {
  return id.length > 12 ? `${id.slice(0, 11)}…` : id;
}
