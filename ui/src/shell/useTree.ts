/** What is known of the tree, which directories are open, and what loads more of it. */
import { useCallback, useEffect, useRef, useState } from "react";
import { filesChanged, type TreePage } from "../parts/files";
import { ask } from "../server";
import { type Branches, extended } from "./tree";

const AT_ONCE = 200;
const KEPT = "headrace.open-directories";

function keptOpen(): string[] {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT) ?? "[]") as string[];
  } catch {
    return [];
  }
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
  const reload = useCallback(() => {
    asked.current = new Set();
    for (const path of wanted.split("\n")) void load(path);
  }, [wanted, load]);
  useEffect(() => {
    // Others make files meanwhile: who comes back to the page sees them.
    const look = () => document.hidden || reload();
    filesChanged.addEventListener("changed", reload);
    document.addEventListener("visibilitychange", look);
    return () => {
      filesChanged.removeEventListener("changed", reload);
      document.removeEventListener("visibilitychange", look);
    };
  }, [reload]);
  const toggle = useCallback((path: string) => {
    setOpen((all) => new Set(all.has(path) ? [...all].filter((one) => one !== path) : [...all, path]));
  }, []);
  const reveal = useCallback((paths: string[]) => {
    setOpen((all) => (paths.every((one) => all.has(one)) ? all : new Set([...all, ...paths])));
  }, []);
  const more = (path: string) => void load(path, branches[path]?.next ?? undefined);
  return { branches, open, error, toggle, reveal, more, reload };
}
