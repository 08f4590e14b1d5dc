import { useLoaded } from "../../loaded";
import { Badge } from "../../parts/simple";
import { Time } from "../../parts/Time";
import { aimed, type Live, shortId } from "../../parts/versions";
import { ask, type Body } from "../../server";

const EVERY_MS = 10_000;

export interface WatchesProps {
  file: string;
  pointer: string;
  live: Live | null;
  turn: number;
}

/** What is or was watched since the last move. */
export function Watches({ file, pointer, live, turn }: WatchesProps) {
  const known = live ? [live, ...live.shares] : [];
  const named = (id: string) => {
    const found = known.find((one) => one.version_id === id);
    return found ? aimed(found) : shortId(id);
  };
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
          <span className="chip" title={one.version_id}>
            {named(one.version_id)}
          </span>{" "}
          <span className="quiet">
            since <Time at={one.begun_at} />, until <Time at={one.ended_at ?? one.ends_at} />
          </span>
          {one.outcome && <p>{one.outcome}</p>}
        </li>
      ))}
    </ul>
  );
}
