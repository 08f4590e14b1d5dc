import { useState } from "react";
import { go, to } from "../../address";
import { Dialog } from "../../parts/Dialog";
import { filesChanged } from "../../parts/files";
import { Button, Failure, Field } from "../../parts/simple";
import { ask, type Body } from "../../server";
import { useMay } from "../../shell/session";

/** Makes a flow, and goes on to its canvas. */
export function NewFlow() {
  const [isOpen, setOpen] = useState(false);
  if (!useMay("editor")) return null;
  return (
    <>
      <Button look="main" onClick={() => setOpen(true)}>
        New flow
      </Button>
      {isOpen && <NewFlowDialog onClose={() => setOpen(false)} />}
    </>
  );
}

function NewFlowDialog({ onClose }: { onClose: () => void }) {
  const [path, setPath] = useState("");
  const [isExample, setExample] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  const make = async (event: React.FormEvent) => {
    event.preventDefault();
    setError(null);
    try {
      const body = { path: path.trim(), start: isExample ? "example" : "empty" };
      const made = await ask<Body<"DraftBody">>("POST", ["flows"], { body });
      filesChanged.dispatchEvent(new Event("changed"));
      go(to(["f", made.file.id, "editor"]));
    } catch (failure) {
      setError(failure as Error);
    }
  };
  return (
    <Dialog title="New flow" onClose={onClose}>
      <form className="stack" onSubmit={make}>
        <Field name="Path" about="Directories are made as they are needed: support/triage">
          <input
            className="input"
            value={path}
            onChange={(event) => setPath(event.target.value)}
            autoFocus
            required
          />
        </Field>
        <label className="row">
          <input type="checkbox" checked={isExample} onChange={(event) => setExample(event.target.checked)} />
          Begin with a small example instead of nothing
        </label>
        {error && <Failure error={error} />}
        <footer>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="main" type="submit" disabled={!path.trim()}>
            Make the flow
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
