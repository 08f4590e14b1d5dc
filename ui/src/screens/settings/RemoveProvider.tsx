import { useState } from "react";
import { Dialog } from "../../parts/Dialog";
import { Button, Failure } from "../../parts/simple";
import { ask } from "../../server";
import type { ActProps } from "./Providers";

/** Asks before a key and limits are forgotten. */
export function RemoveProvider({ provider, account, onClose, onDone }: ActProps) {
  const [failure, setFailure] = useState<Error | null>(null);
  const remove = () => ask("DELETE", ["provider-keys", provider.name]).then(onDone, setFailure);
  return (
    <Dialog title={`Remove what is set for ${provider.name}?`} onClose={onClose}>
      <p>
        {account?.has_key
          ? "The key is forgotten, and the configured one is used again. The limits go with it."
          : "The limits are taken away."}{" "}
        What was used stays counted.
      </p>
      {failure && <Failure error={failure} />}
      <footer>
        <Button onClick={onClose}>Cancel</Button>
        <Button look="danger" onClick={remove}>
          Remove
        </Button>
      </footer>
    </Dialog>
  );
}
