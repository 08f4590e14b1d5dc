/** What a screen loads: once for what it depends on, again when told, and forgotten when the screen goes. */
import { useCallback, useEffect, useRef, useState } from "react";

export interface Loaded<Value> {
  value: Value | null;
  error: Error | null;
  /** Whether something is under way; the value of before stays meanwhile. */
  isLoading: boolean;
  reload: () => void;
}

/**
 * Load something.
 *
 * @param key says what is loaded; another key is another thing, and null is nothing.
 * @param everyMs load again after so long, while the page is visible.
 */
export function useLoaded<Value>(
  key: string | null,
  load: (signal: AbortSignal) => Promise<Value>,
  { everyMs }: { everyMs?: number } = {},
): Loaded<Value> {
  const [state, setState] = useState<{ key: string | null; value: Value | null; error: Error | null }>({
    key: null,
    value: null,
    error: null,
  });
  const [turn, setTurn] = useState(0);
  const [isLoading, setLoading] = useState(false);
  const latest = useRef(load);
  latest.current = load;
  useEffect(() => {
    if (key === null) return;
    const leaving = new AbortController();
    let timer: number | undefined;
    const again = () => {
      if (everyMs)
        timer = window.setTimeout(() => (document.hidden ? again() : setTurn((n) => n + 1)), everyMs);
    };
    setLoading(true);
    latest
      .current(leaving.signal)
      .then(
        (value) => leaving.signal.aborted || setState({ key, value, error: null }),
        (error: Error) =>
          leaving.signal.aborted ||
          setState((old) => ({ key, value: old.key === key ? old.value : null, error })),
      )
      .finally(() => {
        if (leaving.signal.aborted) return;
        setLoading(false);
        again();
      });
    return () => {
      leaving.abort();
      window.clearTimeout(timer);
    };
  }, [key, turn, everyMs]);
  const reload = useCallback(() => setTurn((n) => n + 1), []);
  const isThis = state.key === key;
  return {
    value: isThis ? state.value : null,
    error: isThis ? state.error : null,
    isLoading: key !== null && (isLoading || !isThis),
    reload,
  };
}
