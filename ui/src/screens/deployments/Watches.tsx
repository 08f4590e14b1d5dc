import { useLoaded } from "../../loaded";
import { Badge } from "../../parts/simple";
import { Time } from "../../parts/Time";
import { shortId } from "../../parts/versions";
import { ask, type Body } from "../../server";

const EVERY_MS = 10_000;

/** What is or was watched since the last move. */
export function Watches({ file, pointer, turn }: { file: string; pointer: string; turn: number }) {
  const found = useLoaded(
    `watches ${file} ${pointer} ${turn}`,
    (signal) => ask<Body<"WatchList">>("GET", ["files", file, "pointers", pointer, "watches"], { signal }),
    { everyMs: EVERY_MS },
  );
  const watches = found.value?.watches ?? [];
  if (watches.length === 0) return null;
  return (
    <ul className="watches" aria-label="Watched">
      {watches.map((one) => (
        <li key={`${one.move_id} ${one.version_id}`}>
          <Badge tone={one.ended_at ? "plain" : "busy"}>{one.ended_at ? "Watched" : "Being watched"}</Badge>{" "}
          <code title={one.version_id}>{shortId(one.version_id)}</code>{" "}
          <span className="quiet">
            since <Time at={one.begun_at} />, until <Time at={one.ended_at ?? one.ends_at} />
          </span>
          {one.outcome && <p>{one.outcome}</p>}
        </li>
      ))}
    </ul>
  );
}
