/** Where the arrow keys lead: along connections, and up and down among what stands in one column. */
import { allConnections, type Definition, pathOf } from "./definition";
import type { Box } from "./layout";

export function neighbour(
  definition: Definition,
  boxes: Map<string, Box>,
  from: string,
  key: string,
): string | null {
  const ends = allConnections(definition).map(({ within, connection }) => ({
    source: pathOf(within, connection.source),
    target: pathOf(within, connection.target),
  }));
  const byHeight = (paths: string[]) =>
    [...new Set(paths)].sort((one, other) => (boxes.get(one)?.y ?? 0) - (boxes.get(other)?.y ?? 0));
  switch (key) {
    case "ArrowRight":
      return byHeight(ends.filter((end) => end.source === from).map((end) => end.target))[0] ?? null;
    case "ArrowLeft":
      return byHeight(ends.filter((end) => end.target === from).map((end) => end.source))[0] ?? null;
    case "ArrowDown":
      return nearest(boxes, from, 1);
    case "ArrowUp":
      return nearest(boxes, from, -1);
    default:
      return null;
  }
}

/** The closest node on the same level above or below, of those that stand in about the same column. */
function nearest(boxes: Map<string, Box>, from: string, way: 1 | -1): string | null {
  const here = boxes.get(from);
  if (!here) return null;
  const level = from.slice(0, from.lastIndexOf("/") + 1);
  const beside = [...boxes].filter(
    ([path, box]) =>
      path.slice(0, path.lastIndexOf("/") + 1) === level &&
      (box.y - here.y) * way > 0 &&
      box.x < here.x + here.width &&
      box.x + box.width > here.x,
  );
  beside.sort(([, one], [, other]) => (one.y - other.y) * way);
  return beside[0]?.[0] ?? null;
}
