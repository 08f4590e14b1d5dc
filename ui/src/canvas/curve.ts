/** Curves through points: from left to right without overshooting, so that lines pass between nodes. */
import type { Point } from "./layout";

/** The path of a line through these points, as SVG has it; it leaves and arrives level. */
export function curve(points: Point[]): string {
  const [first, ...rest] = points;
  if (!first) return "";
  const slopes = tangents(points);
  const parts = rest.map((to, index) => {
    const from = points[index] as Point;
    const [leaving = 0, arriving = 0] = [slopes[index], slopes[index + 1]];
    const part = (to.x - from.x) * (leaving || arriving ? 1 / 3 : 1 / 2);
    const one = `${round(from.x + part)},${round(from.y + part * leaving)}`;
    const two = `${round(to.x - part)},${round(to.y - part * arriving)}`;
    return `C${one} ${two} ${round(to.x)},${round(to.y)}`;
  });
  return `M${round(first.x)},${round(first.y)} ${parts.join(" ")}`;
}

/** Whether each point is to the right of the one before. */
export function isForward(points: Point[]): boolean {
  return points.every((point, index) => index === 0 || point.x > (points[index - 1] as Point).x + 1);
}

/** Of one curve between two points without bends: it swings out by half of the way. */
export function swing(from: Point, to: Point): string {
  const out = Math.max(30, Math.abs(to.x - from.x) / 2);
  const [x1, x2] = [round(from.x + out), round(to.x - out)];
  return `M${round(from.x)},${round(from.y)} C${x1},${round(from.y)} ${x2},${round(to.y)} ${round(to.x)},${round(to.y)}`;
}

/** The slope at each point: flat at both ends and where the line turns. */
function tangents(points: Point[]): number[] {
  const slope = (index: number) => {
    const [from, to] = [points[index] as Point, points[index + 1] as Point];
    return (to.y - from.y) / (to.x - from.x || 1);
  };
  return points.map((_, index) => {
    if (index === 0 || index === points.length - 1) return 0;
    const [before, after] = [slope(index - 1), slope(index)];
    if (before * after <= 0) return 0;
    return (2 * before * after) / (before + after);
  });
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
