/** With what a version is compared that is looked at. */
import { refOf } from "../../parts/VersionPick";
import type { VersionRow } from "./useVersionList";

export interface Against {
  /** The other version; null when there is none. */
  ref: string | null;
  /** Where the other one is deployed, if that is why. */
  name: string | null;
  /** Why there is no other one. */
  why: string;
}

const FIRST = "There is nothing before it to compare it with.";

/**
 * What the default environment has, unless that is the one itself; otherwise the one before.
 *
 * @param rows versions, newest first.
 * @param ref the one that is looked at: a number, an id, or `draft`.
 */
export function againstOf(rows: VersionRow[], ref: string): Against {
  const isIt = (row: VersionRow) => refOf(row) === ref || row.version_id === ref;
  for (const row of rows) {
    const live = row.pointers.find((one) => one.is_default);
    if (live && !isIt(row)) return { ref: refOf(row), name: live.name, why: "" };
  }
  const place = ref === "draft" ? -1 : rows.findIndex(isIt);
  if (place < 0 && ref !== "draft") return { ref: null, name: null, why: "It is further down in the list." };
  const before = rows[place + 1];
  return { ref: before ? refOf(before) : null, name: null, why: before ? "" : FIRST };
}
