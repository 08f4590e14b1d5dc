/** Where nodes were put by hand, until they are tidied up: by level and name. Definitions know no places. */
import { useCallback, useState } from "react";
import type { Point } from "../../canvas/layout";

export interface Places {
  of: (loops: string[]) => Record<string, Point>;
  put: (loops: string[], node: string, at: Point) => void;
  clear: (loops: string[]) => void;
}

const NONE: Record<string, Point> = {};

export function usePlaces(): Places {
  const [all, setAll] = useState<Record<string, Record<string, Point>>>({});
  const put = useCallback((loops: string[], node: string, at: Point) => {
    const level = loops.join("/");
    setAll((now) => ({ ...now, [level]: { ...now[level], [node]: at } }));
  }, []);
  const clear = useCallback((loops: string[]) => setAll((now) => ({ ...now, [loops.join("/")]: {} })), []);
  return { of: (loops) => all[loops.join("/")] ?? NONE, put, clear };
}
