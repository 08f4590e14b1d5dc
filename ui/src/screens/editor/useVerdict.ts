/** What the server says of a definition, a moment after it was changed. */
import { useEffect, useRef, useState } from "react";
import type { Definition } from "../../canvas/definition";
import { ask, type Body } from "../../server";

export type Verdict = Body<"VerdictOfDefinition">;
export type Finding = Body<"FindingBody">;

const AFTER_MS = 250;

export interface Judged {
  verdict: Verdict | null;
  /** Why nothing could be said. */
  error: Error | null;
}

export function useVerdict(definition: Definition, onVerdict: (verdict: Verdict) => void): Judged {
  const [judged, setJudged] = useState<Judged>({ verdict: null, error: null });
  const told = useRef(onVerdict);
  told.current = onVerdict;
  useEffect(() => {
    const leaving = new AbortController();
    const look = () =>
      ask<Verdict>("POST", ["validate"], { body: { definition }, signal: leaving.signal }).then(
        (verdict) => {
          if (leaving.signal.aborted) return;
          setJudged({ verdict, error: null });
          told.current(verdict);
        },
        (error: Error) => leaving.signal.aborted || setJudged({ verdict: null, error }),
      );
    const timer = window.setTimeout(look, AFTER_MS);
    return () => {
      window.clearTimeout(timer);
      leaving.abort();
    };
  }, [definition]);
  return judged;
}
