/** An evaluator tried on a log: what it finds, what it prints, what goes wrong. Nothing of it is kept. */
import { type FormEvent, useState } from "react";
import { type Address, go, to, withQuery } from "../../address";
import { useLoaded } from "../../loaded";
import { Badge, Button, Failure, Field } from "../../parts/simple";
import { duration, moment, money } from "../../parts/words";
import { ask, type Body } from "../../server";
import { useMay } from "../../shell/session";
import { Text } from "../logs/contents";
import { JudgmentValue } from "../logs/Verdict";
import type { Value } from "./schema";

type Tried = Body<"TriedBody">;

const NEWEST = 20;

export interface TrialProps {
  address: Address;
  spec: Value;
  isChanged: boolean;
  /** Its id; null while it is kept nowhere. */
  evaluator: string | null;
}

export function Trial({ address, spec, isChanged, evaluator }: TrialProps) {
  const [tried, setTried] = useState<Tried | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const [isBusy, setBusy] = useState(false);
  const may = useMay("editor");
  const isSaved = evaluator !== null && !may;
  const log = address.query.get("log") ?? "";
  const carryOut = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    setTried(null);
    try {
      const body = isSaved ? { log, evaluator } : { log, spec };
      setTried(await ask<Tried>("POST", ["evaluators", "try"], { body }));
    } catch (refused) {
      setError(refused as Error);
    }
    setBusy(false);
  };
  return (
    <section className="stack card pad" aria-label="Try it">
      <h2>Try it on a log</h2>
      <form className="stack" onSubmit={carryOut}>
        <LogField address={address} log={log} />
        <div className="row">
          <Button look="main" type="submit" disabled={isBusy || !log}>
            {isBusy ? "Judging …" : "Try"}
          </Button>
          {isChanged && !isSaved && <span className="quiet">with your changes</span>}
        </div>
      </form>
      {error && <Failure error={error} />}
      {tried && <Outcome tried={tried} />}
    </section>
  );
}

function LogField({ address, log }: { address: Address; log: string }) {
  const newest = useLoaded("newest logs", (signal) =>
    ask<Body<"LogList">>("GET", ["logs"], { query: { take: NEWEST, roots: "true" }, signal }),
  );
  const logs = newest.value?.logs ?? [];
  const choose = (id: string) => go(withQuery(address, { log: id.trim() }), { replace: true });
  return (
    <>
      <Field name="Log" about="Its id, or one of the newest below.">
        <input
          className="input code"
          value={log}
          placeholder="log_…"
          onChange={(event) => choose(event.target.value)}
        />
      </Field>
      {logs.length > 0 && (
        <select
          className="input"
          aria-label="One of the newest logs"
          value={logs.some((one) => one.id === log) ? log : ""}
          onChange={(event) => choose(event.target.value)}
        >
          <option value="">One of the newest …</option>
          {logs.map((one) => (
            <option key={one.id} value={one.id}>
              {`${moment(one.created_at)} · ${one.file.path.split("/").at(-1)} · ${(one.output || one.input).slice(0, 60)}`}
            </option>
          ))}
        </select>
      )}
      {log && (
        <a className="link" href={to(["logs"], { log })}>
          Look at this log
        </a>
      )}
    </>
  );
}

function Outcome({ tried }: { tried: Tried }) {
  return (
    <div className="stack outcome" aria-live="polite">
      <p className="row wrap">
        {tried.error === null ? (
          <JudgmentValue value={tried.judgment} />
        ) : (
          <Badge tone="bad">no judgment</Badge>
        )}
        <span className="quiet">
          {duration(tried.duration_s)}
          {tried.usage?.cost_usd ? `, ${money(tried.usage.cost_usd)}` : ""}; nothing was kept
        </span>
      </p>
      {tried.error !== null && <Text title="Error" text={tried.error} tone="bad" />}
      {tried.is_passing && <p className="quiet">A monitor would try again later.</p>}
      {tried.stdout !== null && <Text title="Printed" text={tried.stdout} />}
      {tried.output !== null && <Text title="What the model wrote" text={tried.output} />}
    </div>
  );
}
