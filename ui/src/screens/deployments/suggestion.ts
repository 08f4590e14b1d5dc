/** What is most likely to be done next with a pointer. */
import type { Query } from "../../address";
import { aimed, type Live } from "../../parts/versions";

export type Act = "promote" | "move" | "rollback" | "split" | "switch" | "take-away";

export interface Suggestion {
  name: string;
  /** Whether it is what the page should push. */
  isMain: boolean;
  /** The query of the deployments screen that opens its dialog. */
  query: Query;
}

/**
 * What to offer for a pointer: to switch it on again, or what is newer elsewhere, or the way back.
 *
 * @param newest the highest number of the file.
 */
export function suggestion(live: Live, all: Live[], newest: number | null): Suggestion | null {
  const pointer = live.pointer.name;
  if (live.is_off) return { name: "Switch on", isMain: true, query: { do: "switch", pointer } };
  if (live.number === null) return null;
  const ahead = all
    .filter((one) => one.number !== null && one.number > (live.number ?? 0) && one.version_id !== null)
    .sort((a, b) => (b.number ?? 0) - (a.number ?? 0))[0];
  if (ahead) {
    const query = { do: "promote", pointer, from: ahead.pointer.name };
    return { name: `Promote ${aimed(ahead)}`, isMain: true, query };
  }
  if (newest !== null && newest > live.number) {
    return { name: `Deploy v${newest}`, isMain: false, query: { do: "move", pointer, version: newest } };
  }
  const hasPast = live.from_version_id !== null && live.shares.length === 0;
  return hasPast ? { name: "Roll back", isMain: false, query: { do: "rollback", pointer } } : null;
}
