/** The logs of a file: `#/f/{file}/logs`. */
import type { FileScreenProps } from "../../shell/routes";
import { LogsView } from "./LogsView";

export default function FileLogs({ file, address }: FileScreenProps) {
  const firstStep = `from humanloop import Humanloop

client = Humanloop(base_url="${location.origin}/v5", api_key="any")
client.flows.log(id="${file}", inputs={"question": "Hello?"}, output="Hello!", log_status="complete")`;
  return <LogsView address={address} parts={["files", file, "logs"]} firstStep={firstStep} isOfFile />;
}
