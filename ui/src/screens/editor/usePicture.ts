import { useMemo } from "react";
import type { Box, Layout, Point } from "../../canvas/layout";
import { useLayout } from "../../canvas/useLayout";
import type { Editing } from "./useEditor";

export interface Picture {
  /** Where nodes are: where they were put, and else where the layout has them. */
  boxes: Map<string, Box>;
  placed: Layout;
  /** How many problems nodes of this level have; what is in a loop counts for the loop too. */
  problems: Map<string, number>;
}

/** Where the nodes of a level are drawn, and what is wrong with them. */
export function usePicture({ level, loops, verdict }: Editing, put: Record<string, Point>): Picture {
  const placed = useLayout(level);
  const boxes = useMemo(() => {
    if (!Object.keys(put).length) return placed.boxes;
    return new Map([...placed.boxes].map(([path, box]) => [path, { ...box, ...put[path] }]));
  }, [placed, put]);
  const within = loops.join("/");
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
