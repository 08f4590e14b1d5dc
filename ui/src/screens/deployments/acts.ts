/** What can be done with a pointer: what is sent to the server for each. */
import type { Query } from "../../address";

export interface ShareInput {
  version: string;
  weight: number;
}

/** What somebody chose in a dialog. */
export interface Choice {
  act: string;
  pointer: string;
  /** The pointer to promote from. */
  from: string;
  /** The version to deploy. */
  version: string;
  /** The move to roll back to; empty is the one before. */
  move: string;
  shares: ShareInput[];
  isOff: boolean;
}

export interface Request {
  method: "POST" | "PUT" | "DELETE";
  /** Below the pointer's path. */
  parts: string[];
  query?: Query;
  body?: Record<string, unknown>;
}

export interface Said {
  expected: string;
  reason?: string;
  override?: boolean;
  dry_run?: boolean;
}

/** The request of a choice; null while something of it is missing. */
export function requestOf(choice: Choice, said: Said): Request | null {
  const { override, ...plain } = said;
  switch (choice.act) {
    case "promote":
      return choice.from
        ? { method: "POST", parts: ["promote"], body: { ...said, from: choice.from } }
        : null;
    case "move":
      return choice.version
        ? { method: "POST", parts: ["moves"], body: { ...said, to: choice.version } }
        : null;
    case "rollback":
      return { method: "POST", parts: ["rollback"], body: { ...said, to_move: choice.move || undefined } };
    case "split":
      return splitOf(choice.shares, said);
    case "switch":
      return { method: "PUT", parts: ["switch"], body: { ...plain, is_off: choice.isOff } };
    case "take-away":
      return { method: "DELETE", parts: [], query: plain as unknown as Query };
    default:
      return null;
  }
}

function splitOf(shares: ShareInput[], said: Said): Request | null {
  if (shares.length === 0) return { method: "DELETE", parts: ["split"], query: said as unknown as Query };
  if (shares.some((one) => !one.version)) return null;
  return { method: "PUT", parts: ["split"], body: { ...said, shares } };
}

export const TITLES: Record<string, (pointer: string) => string> = {
  promote: (pointer) => `Promote to ${pointer}`,
  move: (pointer) => `Deploy to ${pointer}`,
  rollback: (pointer) => `Roll ${pointer} back`,
  split: (pointer) => `Split the calls of ${pointer}`,
  switch: (pointer) => `Switch ${pointer} off or on`,
  "take-away": (pointer) => `Take what is live out of ${pointer}`,
};
