/** What can be done with the whole draft, and how it stands. */
import { useState } from "react";
import { Badge, Button, type Tone } from "../../parts/simple";
import { counted } from "../../parts/words";
import type { Open } from "./Board";
import type { Editing } from "./useEditor";
import { removeChosen } from "./useShortcuts";

export interface ToolbarProps {
  editing: Editing;
  pick: React.ReactNode;
  onOpen: (dialog: Open) => void;
  onTidy: () => void;
}

export function Toolbar({ editing, pick, onOpen, onTidy }: ToolbarProps) {
  const { history, undo, redo, chosen, connection } = editing;
  return (
    <div className="editor-bar row wrap" role="toolbar" aria-label="Editor">
      {pick}
      <Button onClick={() => onOpen("add")} title="A">
        + Add node
      </Button>
      <Button look="bare" onClick={undo} disabled={!history.past.length} title="Ctrl+Z">
        Undo
      </Button>
      <Button look="bare" onClick={redo} disabled={!history.future.length} title="Ctrl+Shift+Z">
        Redo
      </Button>
      <Button
        look="bare"
        onClick={() => removeChosen(editing)}
        disabled={!chosen.length && connection === null}
        title="Delete"
      >
        Delete
      </Button>
      <Button look="bare" onClick={onTidy}>
        Tidy up
      </Button>
      <Button look="bare" onClick={() => onOpen("json")}>
        JSON
      </Button>
      <span className="grow" />
      <Standing editing={editing} />
      <Preparing editing={editing} onOpen={onOpen} />
    </div>
  );
}

const SAVING: Record<Editing["saving"]["state"], string> = {
  saved: "Saved",
  waiting: "Saving …",
  saving: "Saving …",
  conflict: "Not saved",
  refused: "Not saved",
};
const STATUS: Record<string, [Tone, string]> = {
  NotPrepared: ["plain", "not prepared"],
  Prepared: ["good", "prepared"],
  Failed: ["bad", "can't run"],
};

function Standing({ editing }: { editing: Editing }) {
  const { saving, draft, verdict, choose } = editing;
  const isSaved = saving.state === "saved";
  const [tone, word] = STATUS[isSaved ? draft.status : "NotPrepared"] ?? ["plain", draft.status];
  const problems = verdict?.findings.length ?? 0;
  return (
    <>
      {problems > 0 && (
        <Button look="bare" className="tone-bad" onClick={() => choose([])}>
          {counted(problems, "problem")}
        </Button>
      )}
      <span
        className={saving.state === "refused" || saving.state === "conflict" ? "tone-bad" : "quiet"}
        role="status"
      >
        {SAVING[saving.state]}
      </span>
      <Badge tone={tone}>{isSaved && draft.numbers.length ? `version ${draft.numbers.at(-1)}` : word}</Badge>
    </>
  );
}

function Preparing({ editing, onOpen }: { editing: Editing; onOpen: (dialog: Open) => void }) {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const { draft, saving } = editing;
  const isPrepared = draft.status === "Prepared" && saving.state === "saved";
  const prepare = async () => {
    setBusy(true);
    setError(null);
    try {
      if (await editing.flush()) await editing.prepare();
    } catch (failure) {
      setError((failure as Error).message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      {error && (
        <span className="tone-bad" role="alert">
          {error}
        </span>
      )}
      <Button look={isPrepared ? undefined : "main"} disabled={isBusy || isPrepared} onClick={prepare}>
        Prepare
      </Button>
      <Button look={isPrepared ? "main" : undefined} disabled={!isPrepared} onClick={() => onOpen("release")}>
        Make a version
      </Button>
    </>
  );
}
