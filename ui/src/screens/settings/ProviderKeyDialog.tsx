import { useState } from "react";
import { Dialog } from "../../parts/Dialog";
import { Button, Failure, Field } from "../../parts/simple";
import { ask } from "../../server";
import type { ActProps } from "./Providers";

/** Takes a key, the first one or another; what is typed is sent once and kept nowhere here. */
export function ProviderKeyDialog({ provider, account, onClose, onDone }: ActProps) {
  const [key, setKey] = useState("");
  const [failure, setFailure] = useState<Error | null>(null);
  const [isBusy, setBusy] = useState(false);
  const isRotation = account?.has_key ?? false;
  const send = (event: React.FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setFailure(null);
    const place = ["provider-keys", provider.name];
    const body = { key: key.trim() };
    const sent = isRotation ? ask("POST", [...place, "rotation"], { body }) : ask("PUT", place, { body });
    sent.then(onDone, (error: Error) => {
      setFailure(error);
      setBusy(false);
    });
  };
  return (
    <Dialog
      title={isRotation ? `Another key of ${provider.name}` : `A key of ${provider.name}`}
      onClose={onClose}
    >
      <form className="stack" onSubmit={send}>
        <p>
          {isRotation
            ? "The next call uses it, and the old one is overwritten. Calls on their way end with the old one."
            : "The next call of this organisation uses it instead of the configured one."}
        </p>
        <Field name="Key" about="It is encrypted, and shown to nobody again: only its last four characters.">
          <input
            className="input code"
            type="password"
            autoComplete="off"
            required
            data-first
            value={key}
            onChange={(event) => setKey(event.target.value)}
          />
        </Field>
        {failure && <Failure error={failure} />}
        <footer>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="main" type="submit" disabled={isBusy || !key.trim()}>
            {isRotation ? "Rotate the key" : "Set the key"}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
