/** What a line that was drawn between two handles would connect. */
import type { Ends } from "./model/edits";

export interface Drawn {
  source: string;
  target: string;
  sourceHandle?: string | null;
  targetHandle?: string | null;
}

/** Values go from an output to an input; a condition's turn goes to the node itself, wherever it is dropped. */
export function endsOf({ source, target, sourceHandle, targetHandle }: Drawn): Ends | null {
  if (source === target || source.includes("/") || target.includes("/")) return null;
  const [from, output] = parted(sourceHandle);
  const [to, input] = parted(targetHandle);
  if (from === "when") return { source, condition: output, target };
  return from === "out" && to === "in" ? { source, output, target, input } : null;
}

function parted(handle: string | null | undefined): [string, string] {
  const [kind = "", ...name] = (handle ?? "").split(" ");
  return [kind, name.join(" ")];
}
