import { useReactFlow } from "@xyflow/react";
import { type RefObject, useEffect, useRef } from "react";
import type { Box } from "./layout";

export const FIT = { padding: 0.04, maxZoom: 1 };
const EDGE = 20;
/** Below this nothing can be read. */
const READABLE = 0.55;

/**
 * Fit the picture in when it is first shown, when its frame changes and when it is another picture.
 *
 * A node that is chosen from the start is gone to, where the whole is too large to be read.
 *
 * @param least is the smallest zoom; a picture that is too large for it is shown from its beginning.
 * @param picture says which picture it is; nothing is fitted in while it is empty.
 */
export function useFit(
  picture: string,
  boxes: Map<string, Box>,
  chosen: string | null | undefined,
  least = 0,
): RefObject<HTMLDivElement | null> {
  const box = useRef<HTMLDivElement>(null);
  const { fitView, getZoom, setViewport } = useReactFlow();
  const first = useRef(chosen);
  const known = useRef(boxes);
  known.current = boxes;
  useEffect(() => {
    if (!box.current || !picture) return;
    const fit = async () => {
      await fitView(FIT);
      const node = first.current;
      if (node && known.current.has(node) && getZoom() < READABLE) {
        await fitView({ ...FIT, nodes: [{ id: node }] });
      } else if (getZoom() < least) {
        const begun = beginning(known.current);
        const height = box.current?.clientHeight ?? 0;
        const y = height / 2 - (begun.y + begun.height / 2) * least;
        await setViewport({ x: EDGE - begun.x * least, y, zoom: least });
      }
    };
    const watching = new ResizeObserver(() => void fit());
    watching.observe(box.current);
    return () => watching.disconnect();
  }, [picture, least, fitView, getZoom, setViewport]);
  return box;
}

/** The box that stands furthest to the left. */
function beginning(boxes: Map<string, Box>): Box {
  const [first, ...others] = [...boxes.values()];
  const none = { x: 0, y: 0, width: 0, height: 0 };
  return others.reduce((one, other) => (other.x < one.x ? other : one), first ?? none);
}
