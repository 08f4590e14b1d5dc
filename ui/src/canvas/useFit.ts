import { useReactFlow } from "@xyflow/react";
import { type RefObject, useEffect, useRef } from "react";
import type { Box } from "./layout";

export const FIT = { padding: 0.04, maxZoom: 1 };
/** Below this nothing can be read. */
const READABLE = 0.55;

/**
 * Fit the picture in when it is first shown, when its frame changes and when it is another picture.
 *
 * A node that is chosen from the start is gone to, where the whole is too large to be read.
 *
 * @param picture says which picture it is; nothing is fitted in while it is empty.
 */
export function useFit(
  picture: string,
  boxes: Map<string, Box>,
  chosen: string | null | undefined,
): RefObject<HTMLDivElement | null> {
  const box = useRef<HTMLDivElement>(null);
  const { fitView, getZoom } = useReactFlow();
  const first = useRef(chosen);
  const known = useRef(boxes);
  known.current = boxes;
  useEffect(() => {
    if (!box.current || !picture) return;
    const fit = async () => {
      await fitView(FIT);
      const node = first.current;
      if (node && known.current.has(node) && getZoom() < READABLE)
        await fitView({ ...FIT, nodes: [{ id: node }] });
    };
    const watching = new ResizeObserver(() => void fit());
    watching.observe(box.current);
    return () => watching.disconnect();
  }, [picture, fitView, getZoom]);
  return box;
}
