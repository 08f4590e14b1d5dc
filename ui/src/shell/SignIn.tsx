import { useState } from "react";
import { Button, Copy, Failure, Field } from "../parts/simple";
import { ask } from "../server";
import { Logo } from "./Logo";
import type { Who } from "./session";

/** Asks for an API key, which is sent once; the browser keeps a session that no script can read. */
export function SignIn({ onSignedIn }: { onSignedIn: (who: Who) => void }) {
  const [key, setKey] = useState("");
  const [error, setError] = useState<Error | null>(null);
  const [isBusy, setBusy] = useState(false);
  const signIn = async (event: React.FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      onSignedIn(await ask<Who>("POST", ["session"], { body: { key: key.trim() } }));
    } catch (failure) {
      setError(failure as Error);
      setBusy(false);
    }
  };
  return (
    <main className="sign-in">
      <form className="card stack" onSubmit={signIn}>
        <Logo />
        <h1>Sign in</h1>
        <Field name="API key" about="It begins with hl_sk_ and is the one that your SDK uses.">
          <input
            className="input code"
            type="password"
            autoComplete="current-password"
            value={key}
            onChange={(event) => setKey(event.target.value)}
            required
          />
        </Field>
        {error && <Failure error={error} />}
        <Button look="main" type="submit" disabled={isBusy || !key.trim()}>
          {isBusy ? "Signing in …" : "Sign in"}
        </Button>
        <p className="quiet">No key? Whoever runs this server makes one:</p>
        <Copy text="headrace keys create --email you@example.com --right admin" />
      </form>
    </main>
  );
}
