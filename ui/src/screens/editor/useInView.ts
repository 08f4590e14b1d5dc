import { useReactFlow } from "@xyflow/react";
import { type RefObject, useEffect, useRef } from "react";
import type { Box } from "../../canvas/layout";

const ROOM = 12;

/** Go to a node that was chosen elsewhere than on the canvas, when it is not to be seen. */
export function useInView(
  chosen: string[],
  boxes: Map<string, Box>,
  frame: RefObject<HTMLDivElement | null>,
): void {
  const { getViewport, setCenter } = useReactFlow();
  const known = useRef(boxes);
  known.current = boxes;
  const only = chosen.length === 1 ? chosen[0] : undefined;
  useEffect(() => {
    const box = only === undefined ? undefined : known.current.get(only);
    if (!box || !frame.current) return;
    const { x, y, zoom } = getViewport();
    const { clientWidth, clientHeight } = frame.current;
    const [left, top] = [box.x * zoom + x, box.y * zoom + y];
    const isSeen =
      left >= ROOM &&
      top >= ROOM &&
      left + box.width * zoom <= clientWidth - ROOM &&
      top + box.height * zoom <= clientHeight - ROOM;
    if (!isSeen) setCenter(box.x + box.width / 2, box.y + box.height / 2, { zoom: Math.max(zoom, 0.6) });
  }, [only, frame, getViewport, setCenter]);
}
