import { useMemo } from "react";
import type { Box, Layout, Point } from "../../canvas/layout";
import { useLayout } from "../../canvas/useLayout";
import type { Level } from "./model/levels";
import type { Verdict } from "./useVerdict";

export interface Picture {
  /** Where nodes are: where they were put, and else where the layout has them. */
  boxes: Map<string, Box>;
  placed: Layout;
  /** How many problems nodes of this level have; what is in a loop counts for the loop too. */
  problems: Map<string, number>;
}

export interface Pictured {
  level: Level;
  /** The loops that the level is in. */
  within: string;
  verdict: Verdict | null;
  /** Where nodes were put by hand. */
  put: Record<string, Point>;
}

/** Where the nodes of a level are drawn, and what is wrong with them. */
export function usePicture({ level, within, verdict, put }: Pictured): Picture {
  const placed = useLayout(level);
  const boxes = useMemo(() => {
    if (!Object.keys(put).length) return placed.boxes;
    return new Map([...placed.boxes].map(([path, box]) => [path, { ...box, ...put[path] }]));
  }, [placed, put]);
  const problems = useMemo(() => {
    const counts = new Map<string, number>();
    for (const one of verdict?.findings ?? []) {
      const path = [...one.within, ...(one.node ? [one.node] : [])];
      if (path.slice(0, within ? within.split("/").length : 0).join("/") !== within) continue;
      const own = path.slice(within ? within.split("/").length : 0);
      own.forEach((_, index) => {
        const name = own.slice(0, index + 1).join("/");
        counts.set(name, (counts.get(name) ?? 0) + 1);
      });
    }
    return counts;
  }, [verdict, within]);
  return { boxes, placed, problems };
}
