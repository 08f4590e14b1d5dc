import { useState } from "react";
import { Dialog } from "../../parts/Dialog";
import { Button, Failure, Field } from "../../parts/simple";
import { ask } from "../../server";
import type { ActProps } from "./Providers";

const LIMITS = [
  { name: "requests_a_minute", title: "Requests a minute", step: 1 },
  { name: "tokens_a_day", title: "Tokens a day", step: 1 },
  { name: "cost_a_month_usd", title: "US dollars a month", step: "any" },
] as const;

/** What an organisation may use of a provider; what is left empty has no limit. */
export function ProviderLimits({ provider, account, onClose, onDone }: ActProps) {
  const [typed, setTyped] = useState<Record<string, string>>(() =>
    Object.fromEntries(LIMITS.map(({ name }) => [name, String(account?.[name] ?? "")])),
  );
  const [failure, setFailure] = useState<Error | null>(null);
  const [isBusy, setBusy] = useState(false);
  const send = (event: React.FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setFailure(null);
    const body = Object.fromEntries(
      LIMITS.map(({ name }) => [name, typed[name] ? Number(typed[name]) : null]),
    );
    ask("PUT", ["provider-keys", provider.name], { body }).then(onDone, (error: Error) => {
      setFailure(error);
      setBusy(false);
    });
  };
  return (
    <Dialog title={`Limits with ${provider.name}`} onClose={onClose}>
      <form className="stack" onSubmit={send}>
        <p>A call beyond one of them is refused, and told when the next minute, day or month begins.</p>
        {LIMITS.map(({ name, title, step }) => (
          <Field key={name} name={`${title} (empty is no limit)`}>
            <input
              className="input"
              type="number"
              min={0}
              step={step}
              data-first={name === LIMITS[0].name || undefined}
              value={typed[name]}
              onChange={(event) => setTyped({ ...typed, [name]: event.target.value })}
            />
          </Field>
        ))}
        <p className="quiet">Only calls of models that have a price in the configuration cost something.</p>
        {failure && <Failure error={failure} />}
        <footer>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="main" type="submit" disabled={isBusy}>
            Set the limits
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
