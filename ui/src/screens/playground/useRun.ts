/** A run that this page watches: begun, listened to, answered, stopped by going away. */
import { useCallback, useEffect, useRef, useState } from "react";
import type { Definition } from "../../canvas/definition";
import { askLines } from "../../server";
import { halted, hear, type Line, type Live, NOTHING } from "./live";

export interface Wanted {
  input: unknown;
  target: string | null;
  /** The name of the execution that is answered. */
  execution?: string;
}

export function useRun(file: string, definition: Definition) {
  const [live, setLive] = useState<Live | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const [isRunning, setRunning] = useState(false);
  const leaving = useRef<AbortController | null>(null);
  useEffect(() => () => leaving.current?.abort(), []);

  const run = useCallback(
    async ({ input, target, execution }: Wanted) => {
      leaving.current?.abort();
      const mine = new AbortController();
      leaving.current = mine;
      setError(null);
      setRunning(true);
      setLive((old) => (execution && old ? { ...old, status: "running", question: null } : NOTHING));
      try {
        const body = { input, target, execution, answer: execution !== undefined };
        const lines = askLines<Line>("POST", ["files", file, "run"], { body, signal: mine.signal });
        for await (const line of lines) setLive((old) => hear(old ?? NOTHING, line, definition));
        setLive((old) => (old?.status === "running" ? brokenOff(old) : old));
      } catch (refused) {
        if (mine.signal.aborted) setLive((old) => old && { ...halted(old), status: "stopped" });
        else {
          setError(refused as Error);
          setLive((old) => (old?.began ? brokenOff(old) : null));
        }
      } finally {
        if (leaving.current === mine) setRunning(false);
      }
    },
    [file, definition],
  );
  const stop = useCallback(() => leaving.current?.abort(), []);
  return { live, error, isRunning, run, stop };
}

/** The lines ended before the run did. */
function brokenOff(live: Live): Live {
  return { ...halted(live), status: "failed", error: live.error ?? "The connection broke off." };
}
