import { BaseEdge, EdgeLabelRenderer, type EdgeProps } from "@xyflow/react";
import { memo } from "react";
import { curve, isForward, swing } from "./curve";
import type { Line } from "./elements";

/** A connection: through its bends when it has some, and what it carried is written at its middle. */
export const LineEdge = memo(function LineEdge(props: EdgeProps<Line>) {
  const { sourceX, sourceY, targetX, targetY, data, markerEnd } = props;
  const from = { x: sourceX, y: sourceY };
  const to = { x: targetX, y: targetY };
  const points = [from, ...(data?.bends ?? []), to];
  const path = data?.bends?.length && isForward(points) ? curve(points) : swing(from, to);
  const middle = points[Math.floor(points.length / 2)] ?? to;
  const at = points.length > 2 ? middle : { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
  return (
    <>
      <BaseEdge path={path} markerEnd={markerEnd} interactionWidth={16} />
      {data?.label && (
        <EdgeLabelRenderer>
          <div
            className="line-label"
            title={data.label}
            style={{ transform: `translate(-50%, -50%) translate(${at.x}px, ${at.y}px)` }}
          >
            {data.label}
          </div>
        </EdgeLabelRenderer>
      )}
    </>
  );
});
