/** The logs of a file: `#/f/{file}/logs`. */
import type { FileScreenProps } from "../props";
import { LogsView } from "./LogsView";

/** By the beginning of its id, what SDKs call the kind of a file. */
const KINDS = [
  ["fl_", "flows"],
  ["pr_", "prompts"],
  ["tl_", "tools"],
  ["ag_", "agents"],
  ["ev_", "evaluators"],
] as const;

export default function FileLogs({ file, address }: FileScreenProps) {
  const kind = KINDS.find(([prefix]) => file.startsWith(prefix))?.[1] ?? "flows";
  const firstStep = `from humanloop import Humanloop

client = Humanloop(base_url="${location.origin}/v5", api_key="any")
client.${kind}.log(id="${file}", inputs={"question": "Hello?"}, output="Hello!")`;
  return <LogsView address={address} parts={["files", file, "logs"]} firstStep={firstStep} isOfFile />;
}
