/** The picture of a definition as an SVG file that needs nothing else. */
import { curve, isForward, swing } from "./curve";
import {
  allConnections,
  allNodes,
  bodyOf,
  type Definition,
  type DefinitionNode,
  inputsOf,
  isConditional,
  outputsOf,
  pathOf,
  portsOf,
} from "./definition";
import { type Box, HEAD, type Layout, type Point, portY } from "./layout";
import { lookOf, type Tone } from "./looks";

const COLOURS: Record<Tone, string> = {
  blue: "#2f5bd7",
  violet: "#6a3fc4",
  orange: "#8a5200",
  pink: "#a8266d",
  teal: "#0d6e66",
  green: "#17703a",
  plain: "#62645f",
};
const MARGIN = 16;

export function svgOf(definition: Definition, layout: Layout): string {
  const boxes = absolute(definition, layout.boxes);
  const right = Math.max(0, ...[...boxes.values()].map((box) => box.x + box.width));
  const below = Math.max(0, ...[...boxes.values()].map((box) => box.y + box.height));
  const [width, height] = [Math.ceil(right + MARGIN), Math.ceil(below + MARGIN)];
  const drawn = [
    ...allNodes(definition).map(({ path, node }) => nodeSvg(node, boxes.get(path) as Box)),
    ...allConnections(definition).map(({ within, connection }) => {
      const at = (name: string) => boxes.get(pathOf(within, name)) as Box;
      const ends = portsOf(connection);
      const source = allIn(definition, pathOf(within, connection.source));
      const target = allIn(definition, pathOf(within, connection.target));
      const from = portPoint(at(connection.source), source, ends.source, "out");
      const to = portPoint(at(connection.target), target, ends.target, "in");
      return lineSvg(
        from,
        to,
        within ? [] : (layout.bends.get(connection.name) ?? []),
        isConditional(connection),
      );
    }),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="12">
<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="#8f8f88"/></marker></defs>
<rect width="${width}" height="${height}" fill="#fbfbfa"/>
${drawn.join("\n")}
</svg>
`;
}

function allIn(definition: Definition, path: string): DefinitionNode | undefined {
  return allNodes(definition).find((one) => one.path === path)?.node;
}

/** The boxes as the whole picture has them: those in loops moved to where the loop is. */
function absolute(definition: Definition, boxes: Map<string, Box>): Map<string, Box> {
  const found = new Map<string, Box>();
  for (const { path, within } of allNodes(definition)) {
    const [own, around] = [boxes.get(path), found.get(within)];
    if (own) found.set(path, { ...own, x: own.x + (around?.x ?? 0), y: own.y + (around?.y ?? 0) });
  }
  return found;
}

function portPoint(
  box: Box,
  node: DefinitionNode | undefined,
  port: string | null,
  side: "in" | "out",
): Point {
  const ports = node ? (side === "in" ? inputsOf(node) : outputsOf(node)) : [];
  const index = ports.findIndex((one) => one.id === port);
  const y = index < 0 ? HEAD / 2 : portY(index);
  return { x: box.x + (side === "in" ? 0 : box.width), y: box.y + y };
}

function nodeSvg(node: DefinitionNode, box: Box): string {
  const { icon, tone } = lookOf(node.type);
  const text = (x: number, y: number, words: string, more = "") =>
    `<text x="${box.x + x}" y="${box.y + y}" ${more}>${escaped(words)}</text>`;
  const ports = (list: { name: string }[], side: "in" | "out") =>
    list.map(({ name }, index) =>
      text(
        side === "in" ? 10 : box.width - 10,
        portY(index) + 4,
        name,
        `font-family="monospace" font-size="10.5" fill="#62645f"${side === "out" ? ' text-anchor="end"' : ""}`,
      ),
    );
  const ground = bodyOf(node) ? "#f6f6f4" : "#ffffff";
  return `<g><rect x="${box.x}" y="${box.y}" width="${box.width}" height="${box.height}" rx="8" fill="${ground}" stroke="#c9c9c4"/>
${text(12, 27, icon, `fill="${COLOURS[tone]}" font-weight="700"`)}
${text(36, 20, node.name, 'font-weight="700"')}
${text(36, 34, node.type, 'font-size="10.5" fill="#62645f"')}
${[...ports(inputsOf(node), "in"), ...ports(outputsOf(node), "out")].join("\n")}</g>`;
}

function lineSvg(from: Point, to: Point, bends: Point[], isDashed: boolean): string {
  const points = [from, ...bends, to];
  const path = bends.length && isForward(points) ? curve(points) : swing(from, to);
  const look = isDashed ? 'stroke="#8a5200" stroke-dasharray="5 4"' : 'stroke="#8f8f88"';
  return `<path d="${path}" fill="none" ${look} marker-end="url(#arrow)"/>`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
