/** Makes a key, and shows its secrets this once. */
import { useState } from "react";
import { Dialog } from "../../parts/Dialog";
import { Button, Copy, Failure, Field } from "../../parts/simple";
import { ask, type Body } from "../../server";
import { PointSdk } from "./PointSdk";
import type { Facts } from "./Settings";

type Issued = Body<"IssuedKeyBody">;

const RIGHTS: [Issued["right"], string][] = [
  ["reader", "reads"],
  ["runner", "also runs flows, writes logs and judges"],
  ["editor", "also writes files and versions, and deploys"],
  ["admin", "also manages keys and environments, and overrides gates"],
];

export interface NewKeyProps {
  facts: Facts;
  onClose: () => void;
  onMade: () => void;
}

export function NewKey({ facts, onClose, onMade }: NewKeyProps) {
  const [issued, setIssued] = useState<Issued | null>(null);
  const close = () => {
    onClose();
    // The first key ends the open mode: all that is on screen is asked for anew, as who is signed in now.
    if (issued && facts.is_open) location.reload();
  };
  return (
    <Dialog title={issued ? "The new key" : "New key"} onClose={close} isWide={issued !== null}>
      {issued ? (
        <Shown issued={issued} facts={facts} onClose={close} />
      ) : (
        <KeyForm
          isFirst={facts.is_open}
          onClose={onClose}
          onIssued={(made) => {
            setIssued(made);
            onMade();
          }}
        />
      )}
    </Dialog>
  );
}

interface KeyFormProps {
  isFirst: boolean;
  onClose: () => void;
  onIssued: (issued: Issued) => void;
}

function KeyForm({ isFirst, onClose, onIssued }: KeyFormProps) {
  const [email, setEmail] = useState("");
  const [name, setName] = useState("");
  const [right, setRight] = useState<Issued["right"]>(isFirst ? "admin" : "editor");
  const [failure, setFailure] = useState<Error | null>(null);
  const [isBusy, setBusy] = useState(false);
  const make = async (event: React.FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setFailure(null);
    try {
      const made = await ask<Issued>("POST", ["keys"], {
        body: { email: email.trim(), name: name.trim(), right },
      });
      // From now on somebody must be signed in; who made the first key is, with that key.
      if (isFirst) await ask("POST", ["session"], { body: { key: made.api_key } });
      onIssued(made);
    } catch (error) {
      setFailure(error as Error);
      setBusy(false);
    }
  };
  return (
    <form className="stack" onSubmit={make}>
      {isFirst && (
        <p>
          This is the first key. It ends the open mode: from then on the server answers only who shows a key,
          and you are signed in with this one.
        </p>
      )}
      <Field name="E-mail" about="Whose key it is. A new user is made for a new address.">
        <input
          className="input"
          type="email"
          required
          value={email}
          onChange={(event) => setEmail(event.target.value)}
        />
      </Field>
      <Field name="What for (may be left out)">
        <input className="input" value={name} onChange={(event) => setName(event.target.value)} />
      </Field>
      <Field name="Right">
        <select
          className="input"
          value={right}
          onChange={(event) => setRight(event.target.value as Issued["right"])}
        >
          {RIGHTS.map(([one, about]) => (
            <option key={one} value={one}>
              {one}: {about}
            </option>
          ))}
        </select>
      </Field>
      {isFirst && right !== "admin" && (
        <p className="tone-warn">
          Without an admin nobody can make more keys here, but for who runs the server.
        </p>
      )}
      {failure && <Failure error={failure} />}
      <footer>
        <Button onClick={onClose}>Cancel</Button>
        <Button look="main" type="submit" disabled={isBusy}>
          {isBusy ? "Making it …" : "Make the key"}
        </Button>
      </footer>
    </form>
  );
}

function Shown({ issued, facts, onClose }: { issued: Issued; facts: Facts; onClose: () => void }) {
  const variables = `HUMANLOOP_API_KEY=${issued.api_key}
AWS_ACCESS_KEY_ID=${issued.access_key_id}
AWS_SECRET_ACCESS_KEY=${issued.secret_access_key}`;
  const credentials = {
    key: issued.api_key,
    access: issued.access_key_id,
    secret: issued.secret_access_key,
  };
  return (
    <div className="stack">
      <p>
        <strong>Copy it now: it is never shown again.</strong> It is {issued.user?.email}'s, with the right{" "}
        {issued.right}.
      </p>
      <Copy text={variables} />
      <details>
        <summary>Snippets with this key</summary>
        <PointSdk facts={facts} credentials={credentials} />
      </details>
      <footer>
        <Button look="main" onClick={onClose}>
          I have copied it
        </Button>
      </footer>
    </div>
  );
}
