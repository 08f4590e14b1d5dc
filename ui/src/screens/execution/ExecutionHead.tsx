/** How an execution stands, in a line: and where to go from it. */
import { useState } from "react";
import { type Address, go, to } from "../../address";
import { Dialog } from "../../parts/Dialog";
import { IdChip } from "../../parts/IdChip";
import { Badge, Button, Chip, Failure } from "../../parts/simple";
import { Time } from "../../parts/Time";
import { count, duration, money } from "../../parts/words";
import { ask, type Body } from "../../server";
import { toneOfStatus, wordOfStatus } from "./states";

export interface ExecutionHeadProps {
  run: Body<"WholeExecution">;
  file: string;
  address: Address;
  /** As its events tell it; null while they don't. */
  durationMs: number | null;
  onChanged: () => void;
}

export function ExecutionHead({ run, file, address, durationMs, onChanged }: ExecutionHeadProps) {
  const tokens = run.input_tokens + run.output_tokens;
  const list = to(["f", file, "executions"], { ...Object.fromEntries(address.query), step: null });
  const beside = (id: string) => to(["f", file, "executions", id]);
  return (
    <header className="execution-head">
      <a className="link" href={list}>
        ← All
      </a>
      <Badge tone={toneOfStatus(run.status)}>{wordOfStatus(run.status)}</Badge>
      <IdChip id={run.id} />
      <span className="quiet">
        {run.is_draft ? (
          "Draft"
        ) : run.number === null ? (
          <Chip title={run.version_id}>version</Chip>
        ) : (
          `v${run.number}`
        )}
        {run.pointer && ` via ${run.pointer.name ?? run.pointer.id}`}
      </span>
      <span className="number">{duration((durationMs ?? run.duration_ms) / 1000)}</span>
      <span className="number" title={`${count(run.input_tokens)} in, ${count(run.output_tokens)} out`}>
        {count(tokens)} tokens
      </span>
      {run.cost_usd !== null && <span className="number">{money(run.cost_usd)}</span>}
      <span className="quiet">
        <Time at={run.started_at} />
        {run.started_by.name && ` by ${run.started_by.name}`}
      </span>
      <span className="grow" />
      {run.log_id && (
        <a className="link" href={to(["logs", run.log_id])}>
          Its log
        </a>
      )}
      <Actions run={run} list={list} onChanged={onChanged} />
      <nav className="row" aria-label="Other executions">
        <Beside href={run.older && beside(run.older)} name="Previous" sign="‹" />
        <Beside href={run.newer && beside(run.newer)} name="Next" sign="›" />
      </nav>
    </header>
  );
}

function Beside({ href, name, sign }: { href: string | null; name: string; sign: string }) {
  return href ? (
    <a className="button" href={href} aria-label={`${name} execution`} title={`${name} execution`}>
      {sign}
    </a>
  ) : (
    <span className="button gone" aria-hidden="true">
      {sign}
    </span>
  );
}

function Actions({
  run,
  list,
  onChanged,
}: {
  run: Body<"WholeExecution">;
  list: string;
  onChanged: () => void;
}) {
  const [isAsking, setAsking] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  const act = async (what: () => Promise<unknown>, done: () => void) => {
    setError(null);
    try {
      await what();
      done();
    } catch (refused) {
      setError(refused as Error);
    }
  };
  const isOver = run.ended_at !== null;
  return (
    <>
      {run.can_stop && (
        <Button
          look="danger"
          onClick={() => act(() => ask("POST", ["executions", run.id, "stop"]), onChanged)}
        >
          Stop
        </Button>
      )}
      {isOver && (
        <Button look="bare" onClick={() => setAsking(true)}>
          Delete
        </Button>
      )}
      {error && !isAsking && <Failure error={error} />}
      {isAsking && (
        <Dialog title="Delete this execution?" onClose={() => setAsking(false)}>
          <p>Its steps and events are gone then. The log that it is shown as stays.</p>
          {error && <Failure error={error} />}
          <footer>
            <Button onClick={() => setAsking(false)}>Keep it</Button>
            <Button
              look="danger"
              onClick={() =>
                act(
                  () => ask("DELETE", ["executions", run.id]),
                  () => go(list, { replace: true }),
                )
              }
            >
              Delete
            </Button>
          </footer>
        </Dialog>
      )}
    </>
  );
}
