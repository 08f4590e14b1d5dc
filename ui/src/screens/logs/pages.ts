/** Pages of a table of logs, one below the other, as they are found. */
import { useCallback, useEffect, useRef, useState } from "react";
import type { Query } from "../../address";
import { ask, type Body } from "../../server";

export type LogRow = Body<"LogRow">;
export type Judge = Body<"FileBody">;
type Page = Body<"LogList">;

export const TAKE = 50;

export interface Pages {
  rows: LogRow[];
  evaluators: Judge[];
  /** Whether there may be more below. */
  isMore: boolean;
  isLooking: boolean;
  /** So far it was looked while nothing was found; null when that does not matter. */
  lookedBackTo: string | null;
  error: Error | null;
}

const NOTHING: Pages = {
  rows: [],
  evaluators: [],
  isMore: false,
  isLooking: true,
  lookedBackTo: null,
  error: null,
};

/** Rows and what is new above them, each once. */
export function joined(newer: LogRow[], rows: LogRow[]): LogRow[] {
  const known = new Set(newer.map((one) => one.id));
  return [...newer, ...rows.filter((one) => !known.has(one.id))];
}

function judges(known: Judge[], more: Judge[]): Judge[] {
  const ids = new Set(known.map((one) => one.id));
  return [...known, ...more.filter((one) => !ids.has(one.id))];
}

/** The logs at an address of the API: the first page, more when asked for, and what is new from time to time. */
export function usePages(parts: string[], query: Query, everyMs: number | null) {
  const [pages, setPages] = useState<Pages>(NOTHING);
  const key = JSON.stringify([parts, query]);
  const place = useRef<{ key: string; next: string | null; leaving: AbortController }>(null);

  const look = useCallback((until: number) => {
    const here = place.current;
    if (!here) return;
    const [at, wanted] = JSON.parse(here.key) as [string[], Query];
    const { signal } = here.leaving;
    setPages((old) => ({ ...old, isLooking: true, error: null }));
    const on = async () => {
      for (let found = 0; found < until; ) {
        const asked = { ...wanted, take: TAKE, before: here.next };
        const page = await ask<Page>("GET", at, { query: asked, signal });
        if (signal.aborted) return;
        here.next = page.next;
        found += page.logs.length;
        const isMore = page.next !== null;
        const isLooking = isMore && found < until;
        setPages((old) => ({
          rows: joined(old.rows, page.logs),
          evaluators: judges(old.evaluators, page.evaluators),
          isMore,
          isLooking,
          lookedBackTo: isLooking ? page.looked_back_to : null,
          error: null,
        }));
        if (!isMore) return;
      }
    };
    on().catch((error: Error) => signal.aborted || setPages((old) => ({ ...old, isLooking: false, error })));
  }, []);

  useEffect(() => {
    const leaving = new AbortController();
    place.current = { key, next: null, leaving };
    setPages(NOTHING);
    look(TAKE);
    return () => leaving.abort();
  }, [key, look]);

  useEffect(() => {
    if (everyMs === null) return;
    const leaving = new AbortController();
    const [at, wanted] = JSON.parse(key) as [string[], Query];
    const timer = window.setInterval(() => {
      if (document.hidden) return;
      ask<Page>("GET", at, { query: { ...wanted, take: TAKE }, signal: leaving.signal }).then(
        (page) =>
          setPages((old) => ({
            ...old,
            rows: joined(page.logs, old.rows),
            evaluators: judges(old.evaluators, page.evaluators),
          })),
        (error: Error) => leaving.signal.aborted || setPages((old) => ({ ...old, error })),
      );
    }, everyMs);
    return () => {
      leaving.abort();
      window.clearInterval(timer);
    };
  }, [key, everyMs]);

  const more = useCallback(() => look(TAKE), [look]);
  const replace = useCallback((row: LogRow, found: Judge[]) => {
    setPages((old) => ({
      ...old,
      rows: old.rows.map((one) => (one.id === row.id ? row : one)),
      evaluators: judges(old.evaluators, found),
    }));
  }, []);
  return { pages, more, replace };
}
