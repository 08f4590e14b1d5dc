import { useReactFlow } from "@xyflow/react";
import { type RefObject, useEffect, useRef } from "react";
import type { Layout } from "./layout";

export const FIT = { padding: 0.08, maxZoom: 1 };
/** Below this nothing can be read. */
const READABLE = 0.55;

/**
 * Fit the picture in when it is first shown, when its frame changes and when other nodes are there.
 *
 * A node that is chosen from the start is gone to, where the whole is too large to be read.
 */
export function useFit(placed: Layout, chosen: string | null | undefined): RefObject<HTMLDivElement | null> {
  const box = useRef<HTMLDivElement>(null);
  const { fitView, getZoom } = useReactFlow();
  const names = [...placed.boxes.keys()].join("\n");
  const first = useRef(chosen);
  const known = useRef(placed.boxes);
  known.current = placed.boxes;
  useEffect(() => {
    if (!box.current || !names) return;
    const fit = async () => {
      await fitView(FIT);
      const node = first.current;
      if (node && known.current.has(node) && getZoom() < READABLE)
        await fitView({ ...FIT, nodes: [{ id: node }] });
    };
    const watching = new ResizeObserver(() => void fit());
    watching.observe(box.current);
    return () => watching.disconnect();
  }, [names, fitView, getZoom]);
  return box;
}
