/** Where nodes were put by hand, until they are tidied up. Definitions know no places, so this browser keeps them. */
import { useCallback, useEffect, useState } from "react";
import type { Point } from "../../canvas/layout";

export interface Places {
  of: (loops: string[]) => Record<string, Point>;
  put: (loops: string[], node: string, at: Point) => void;
  clear: (loops: string[]) => void;
}

/** By level and name. */
type Kept = Record<string, Record<string, Point>>;

const NONE: Record<string, Point> = {};
const KEPT_MS = 300;

function keyOf(file: string): string {
  return `headrace.places.${file}`;
}

/** What this browser knows; nothing where it keeps nothing, or not what was kept. */
function read(file: string): Kept {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(keyOf(file)) ?? "{}");
    return isKept(kept) ? kept : {};
  } catch {
    return {};
  }
}

export function isKept(value: unknown): value is Kept {
  const isObject = (one: unknown): one is object => typeof one === "object" && one !== null;
  const isPoint = (one: unknown) => isObject(one) && ["x", "y"].every((axis) => axis in one);
  return (
    isObject(value) &&
    Object.values(value).every((level) => isObject(level) && Object.values(level).every(isPoint))
  );
}

function write(file: string, all: Kept): void {
  const some = Object.entries(all).filter(([, level]) => Object.keys(level).length > 0);
  try {
    if (some.length === 0) localStorage.removeItem(keyOf(file));
    else localStorage.setItem(keyOf(file), JSON.stringify(Object.fromEntries(some)));
  } catch {
    // A browser that keeps nothing forgets the places; the drawing itself is on the server.
  }
}

export function usePlaces(file: string): Places {
  const [all, setAll] = useState<Kept>(() => read(file));
  useEffect(() => {
    const timer = window.setTimeout(() => write(file, all), KEPT_MS); // not for each step of a drag
    return () => window.clearTimeout(timer);
  }, [file, all]);
  const put = useCallback((loops: string[], node: string, at: Point) => {
    const level = loops.join("/");
    setAll((now) => ({ ...now, [level]: { ...now[level], [node]: at } }));
  }, []);
  const clear = useCallback((loops: string[]) => setAll((now) => ({ ...now, [loops.join("/")]: {} })), []);
  return { of: (loops) => all[loops.join("/")] ?? NONE, put, clear };
}
