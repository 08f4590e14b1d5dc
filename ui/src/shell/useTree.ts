/** What is known of the tree, which directories are open, and what loads more of it. */
import { useCallback, useEffect, useRef, useState } from "react";
import { filesChanged, type TreePage } from "../parts/files";
import { ask } from "../server";
import { type Branches, extended } from "./tree";

const AT_ONCE = 200;
const EVERY_MS = 30_000;
const KEPT = "headrace.open-directories";

function keptOpen(): string[] {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT) ?? "[]") as string[];
  } catch {
    return [];
  }
}

function sizeOf(page: TreePage | undefined): number {
  return page ? page.directories.length + page.files.length : 0;
}

export interface Tree {
  branches: Branches;
  open: ReadonlySet<string>;
  error: Error | null;
  toggle: (path: string) => void;
  reveal: (paths: string[]) => void;
  more: (path: string) => void;
  reload: () => void;
}

export function useTree(): Tree {
  const [branches, setBranches] = useState<Branches>({});
  const [open, setOpen] = useState<ReadonlySet<string>>(() => new Set(keptOpen()));
  const [error, setError] = useState<Error | null>(null);
  const asked = useRef(new Set<string>());
  const load = useCallback(async (path: string, after?: string) => {
    asked.current.add(path);
    try {
      const page = await ask<TreePage>("GET", ["tree"], { query: { under: path, after, take: AT_ONCE } });
      setError(null);
      setBranches((all) => ({ ...all, [path]: extended(after ? all[path] : undefined, page) }));
    } catch (failed) {
      asked.current.delete(path);
      // A directory that is gone is no failure: it is closed.
      if (path) setOpen((all) => new Set([...all].filter((one) => one !== path)));
      else setError(failed as Error);
    }
  }, []);
  const wanted = ["", ...open].join("\n");
  useEffect(() => {
    for (const path of wanted.split("\n")) if (!asked.current.has(path)) void load(path);
    sessionStorage.setItem(KEPT, JSON.stringify(wanted.split("\n").slice(1)));
  }, [wanted, load]);
  const known = useRef(branches);
  known.current = branches;
  const reload = useCallback(() => {
    for (const path of wanted.split("\n")) void load(path);
  }, [wanted, load]);
  useEffect(() => {
    // Others make files meanwhile: who looks at the page, or comes back to it, sees them.
    const look = () => {
      // Of a directory that was gone through page by page, what is there stays.
      const short = wanted.split("\n").filter((path) => sizeOf(known.current[path]) <= AT_ONCE);
      if (!document.hidden) for (const path of short) void load(path);
    };
    const timer = window.setInterval(look, EVERY_MS);
    filesChanged.addEventListener("changed", reload);
    document.addEventListener("visibilitychange", look);
    return () => {
      window.clearInterval(timer);
      filesChanged.removeEventListener("changed", reload);
      document.removeEventListener("visibilitychange", look);
    };
  }, [reload, wanted, load]);
  const toggle = useCallback((path: string) => {
    setOpen((all) => new Set(all.has(path) ? [...all].filter((one) => one !== path) : [...all, path]));
  }, []);
  const reveal = useCallback((paths: string[]) => {
    setOpen((all) => (paths.every((one) => all.has(one)) ? all : new Set([...all, ...paths])));
  }, []);
  const more = (path: string) => void load(path, branches[path]?.next ?? undefined);
  return { branches, open, error, toggle, reveal, more, reload };
}
