import { useState } from "react";
import { to } from "../../address";
import { Dialog } from "../../parts/Dialog";
import { Button, Failure, Field } from "../../parts/simple";
import { pointerMoved } from "../../parts/versions";
import { ask, type Body } from "../../server";
import type { Editing } from "./useEditor";

const MOST = 200;

export interface ReleaseDialogProps {
  editing: Editing;
  onClose: () => void;
  onMade: () => void;
}

/** Makes a version of the prepared draft. */
export function ReleaseDialog({ editing, onClose, onMade }: ReleaseDialogProps) {
  const [description, setDescription] = useState("");
  const [error, setError] = useState<Error | null>(null);
  const [made, setMade] = useState<Body<"MadeVersion"> | null>(null);
  const { file } = editing.draft;
  const make = async (event: React.FormEvent) => {
    event.preventDefault();
    setError(null);
    try {
      const body = { description: description.trim() || null };
      setMade(await ask<Body<"MadeVersion">>("POST", ["files", file.id, "versions"], { body }));
      onMade();
      await editing.refresh();
      pointerMoved.dispatchEvent(new Event("moved"));
    } catch (failure) {
      setError(failure as Error);
    }
  };
  if (made) {
    return (
      <Dialog title={`Version ${made.number} is made`} onClose={onClose}>
        <p>It never changes. Deploy it, or go on with the draft.</p>
        <footer>
          <a className="button" href={to(["f", file.id, "editor"], { version: made.number })}>
            Look at it
          </a>
          <a className="button" href={to(["f", file.id, "deployments"])}>
            Deploy
          </a>
          <Button look="main" onClick={onClose}>
            Go on
          </Button>
        </footer>
      </Dialog>
    );
  }
  return (
    <Dialog title="Make a version" onClose={onClose}>
      <form className="stack" onSubmit={make}>
        <Field name="What is new" about={`${description.length} of ${MOST} characters; may be left out.`}>
          <input
            className="input"
            value={description}
            maxLength={MOST}
            onChange={(event) => setDescription(event.target.value)}
            data-first
          />
        </Field>
        {error && <Failure error={error} />}
        <footer>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="main" type="submit">
            Make the version
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
