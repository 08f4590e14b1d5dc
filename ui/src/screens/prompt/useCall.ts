/** A call that this page watches: begun, listened to, stopped by going away. */
import { useCallback, useEffect, useRef, useState } from "react";
import { askLines, type Body } from "../../server";
import { brokenOff, type Call, hear, type Line, NOTHING } from "./call";

export function useCall(file: string) {
  const [call, setCall] = useState<Call | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const [isRunning, setRunning] = useState(false);
  const leaving = useRef<AbortController | null>(null);
  useEffect(() => () => leaving.current?.abort(), []);

  const begin = useCallback(
    async (body: Body<"NewPromptCall">) => {
      leaving.current?.abort();
      const mine = new AbortController();
      leaving.current = mine;
      setError(null);
      setRunning(true);
      setCall(NOTHING);
      try {
        const lines = askLines<Line>("POST", ["files", file, "call"], { body, signal: mine.signal });
        for await (const line of lines) setCall((old) => hear(old ?? NOTHING, line));
        setCall((old) => old && brokenOff(old));
      } catch (refused) {
        if (mine.signal.aborted) setCall((old) => old && { ...old, status: "stopped" });
        else {
          setError(refused as Error);
          setCall((old) => (old?.log ? brokenOff(old) : null));
        }
      } finally {
        if (leaving.current === mine) setRunning(false);
      }
    },
    [file],
  );
  const stop = useCallback(() => leaving.current?.abort(), []);
  return { call, error, isRunning, begin, stop };
}
