/** Keeps a definition as the flow's draft, a moment after it was changed and one request after the other. */
import { useCallback, useEffect, useRef, useState } from "react";
import type { Definition } from "../../canvas/definition";
import { ask, type Body, Refusal } from "../../server";

export type DraftBody = Body<"DraftBody">;

export type Saving =
  | { state: "saved" }
  | { state: "waiting" }
  | { state: "saving" }
  | { state: "conflict" }
  | { state: "refused"; error: Error };

const AFTER_MS = 700;

export interface Kept {
  draft: DraftBody;
  saving: Saving;
  /** Save now what is not saved yet; false when it can't be. */
  flush: () => Promise<boolean>;
  /** What somebody else wrote, so that it can be looked at. */
  theirs: () => Promise<DraftBody>;
  /** Save over what somebody else wrote. */
  overwrite: () => Promise<void>;
  prepare: () => Promise<DraftBody>;
  /** Look again how the draft stands. */
  refresh: () => Promise<void>;
}

export function useDraft(first: DraftBody, definition: Definition): Kept {
  const [draft, setDraft] = useState(first);
  const [saving, setSaving] = useState<Saving>({ state: "saved" });
  const kept = useRef({ digest: first.digest, definition: first.definition as Definition });
  const latest = useRef(definition);
  const running = useRef<Promise<boolean> | null>(null);
  latest.current = definition;
  const at = ["files", first.file.id, "draft"];
  const place = useRef(at);

  const save = useCallback(async (): Promise<boolean> => {
    while (latest.current !== kept.current.definition) {
      const sent = latest.current;
      setSaving({ state: "saving" });
      try {
        const headers = { "if-match": `"${kept.current.digest}"` };
        const body = { definition: sent };
        const answer = await ask<DraftBody>("PUT", place.current, { body, headers });
        kept.current = { digest: answer.digest, definition: sent };
        setDraft(answer);
      } catch (error) {
        const isStale = error instanceof Refusal && error.status === 412;
        setSaving(isStale ? { state: "conflict" } : { state: "refused", error: error as Error });
        return false;
      }
    }
    setSaving({ state: "saved" });
    return true;
  }, []);

  const flush = useCallback(async (): Promise<boolean> => {
    if (running.current) await running.current;
    running.current = save();
    const isDone = await running.current;
    running.current = null;
    return isDone;
  }, [save]);

  useEffect(() => {
    if (definition === kept.current.definition) {
      setSaving((now) => (now.state === "waiting" ? { state: "saved" } : now));
      return;
    }
    setSaving((now) => (now.state === "conflict" ? now : { state: "waiting" }));
    const timer = window.setTimeout(() => void flush(), AFTER_MS);
    return () => window.clearTimeout(timer);
  }, [definition, flush]);

  useLeaving(saving.state);
  const theirs = async () => {
    const found = await ask<DraftBody>("GET", at);
    kept.current = { digest: found.digest, definition: found.definition as Definition };
    setDraft(found);
    setSaving({ state: "saved" });
    return found;
  };
  const overwrite = async () => {
    const found = await ask<DraftBody>("GET", at);
    kept.current = { ...kept.current, digest: found.digest };
    await flush();
  };
  const prepare = async () => {
    const headers = { "if-match": `"${kept.current.digest}"` };
    const answer = await ask<DraftBody>("POST", [...at, "prepare"], { headers, body: {} });
    setDraft(answer);
    return answer;
  };
  const refresh = async () => {
    const found = await ask<DraftBody>("GET", at);
    if (found.digest === kept.current.digest) setDraft(found);
  };
  return { draft, saving, flush, theirs, overwrite, prepare, refresh };
}

/** The browser asks before what is not saved is left. */
function useLeaving(state: Saving["state"]): void {
  useEffect(() => {
    if (state === "saved") return;
    const hold = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", hold);
    return () => window.removeEventListener("beforeunload", hold);
  }, [state]);
}
