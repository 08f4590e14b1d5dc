/** The logs of all files: `#/logs`. Steps of traces and judgments are left out unless they are asked for. */
import { go, withQuery } from "../../address";
import type { ScreenProps } from "../props";
import { LogsView } from "./LogsView";

const FIRST = `from humanloop import Humanloop

client = Humanloop(base_url="${location.origin}/v5", api_key="any")
client.flows.log(path="my first flow", flow={"attributes": {}}, output="Hello!", log_status="complete")`;

export default function AllLogs({ address }: ScreenProps) {
  const isAll = address.query.get("roots") === "false";
  return (
    <>
      <header className="page-head row wrap">
        <h1 className="grow">Logs</h1>
        <label className="row live">
          <input
            type="checkbox"
            checked={isAll}
            onChange={() => go(withQuery(address, { roots: isAll ? null : "false" }))}
          />
          Steps and judgments, too
        </label>
      </header>
      <LogsView address={address} parts={["logs"]} usual={{ roots: "true" }} firstStep={FIRST} />
    </>
  );
}
