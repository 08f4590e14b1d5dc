/** The versions of a file, page after page, with how they do. */
import { useCallback, useState } from "react";
import { type Loaded, useLoaded } from "../../loaded";
import { ask, type Body } from "../../server";

export type VersionRow = Body<"VersionRow">;
type VersionList = Body<"VersionList">;

const AT_ONCE = 50;
const EVERY_MS = 15_000;

function page(file: string, before: string | undefined, signal?: AbortSignal): Promise<VersionList> {
  return ask<VersionList>("GET", ["files", file, "versions"], { query: { before, take: AT_ONCE }, signal });
}

export interface VersionPages {
  first: Loaded<VersionList>;
  rows: VersionRow[];
  hasMore: boolean;
  more: () => Promise<void>;
  isLoadingMore: boolean;
  error: Error | null;
}

export function useVersionList(file: string): VersionPages {
  const first = useLoaded(`version list ${file}`, (signal) => page(file, undefined, signal), {
    everyMs: EVERY_MS,
  });
  const [older, setOlder] = useState<{ rows: VersionRow[]; next: string | null } | null>(null);
  const [isLoadingMore, setLoadingMore] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  const newest = first.value?.versions ?? [];
  const known = new Set(newest.map((one) => one.version_id));
  const next = older ? older.next : (first.value?.next ?? null);
  const more = useCallback(async () => {
    if (!next) return;
    setLoadingMore(true);
    try {
      const found = await page(file, next);
      setOlder((all) => ({ rows: [...(all?.rows ?? []), ...found.versions], next: found.next }));
      setError(null);
    } catch (failed) {
      setError(failed as Error);
    } finally {
      setLoadingMore(false);
    }
  }, [file, next]);
  const rows = [...newest, ...(older?.rows ?? []).filter((one) => !known.has(one.version_id))];
  return { first, rows, hasMore: next !== null, more, isLoadingMore, error };
}
