import { useState } from "react";
import { Dialog } from "../../parts/Dialog";
import { Button, Failure } from "../../parts/simple";
import { counted } from "../../parts/words";
import { ask } from "../../server";
import type { Environment } from "./Environments";

export interface RemoveEnvironmentProps {
  environment: Environment;
  onClose: () => void;
  onDone: () => void;
}

/** Asks before an environment is removed; with what is deployed there only when that was said. */
export function RemoveEnvironment({ environment, onClose, onDone }: RemoveEnvironmentProps) {
  const [isSure, setSure] = useState(false);
  const [failure, setFailure] = useState<Error | null>(null);
  const isUsed = environment.files > 0;
  const remove = () => {
    const query = isUsed ? { force: "true" } : {};
    ask("DELETE", ["environments", environment.id], { query }).then(onDone, setFailure);
  };
  return (
    <Dialog title={`Remove ${environment.name}?`} onClose={onClose}>
      <p>
        {isUsed
          ? `Versions of ${counted(environment.files, "file")} are deployed there. Calls by ${environment.name} will be refused.`
          : "Nothing is deployed there."}
      </p>
      {isUsed && (
        <label className="row">
          <input type="checkbox" checked={isSure} onChange={() => setSure(!isSure)} />
          Take them out of it, and remove it
        </label>
      )}
      {failure && <Failure error={failure} />}
      <footer>
        <Button onClick={onClose}>Cancel</Button>
        <Button look="danger" onClick={remove} disabled={isUsed && !isSure}>
          Remove
        </Button>
      </footer>
    </Dialog>
  );
}
