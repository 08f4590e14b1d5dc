import { useMemo } from "react";
import { allConnections, allNodes, type Definition, inputsOf, outputsOf } from "./definition";
import { type Layout, layout } from "./layout";

/** Where nodes are. Nothing is laid out anew while only settings change, or while the same is loaded again. */
export function useLayout(definition: Definition): Layout {
  const shape = JSON.stringify([
    allNodes(definition).map(({ path, node }) => [path, node.type, inputsOf(node), outputsOf(node)]),
    allConnections(definition).map(({ path, connection: { source, target } }) => [path, source, target]),
  ]);
  return useMemo(() => layout(definition), [shape]);
}
