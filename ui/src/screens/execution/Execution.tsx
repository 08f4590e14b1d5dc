/** An execution: its steps on a line of time, the way it took through the graph, and one step in full. */
import { useMemo, useState } from "react";
import { go, to, withQuery } from "../../address";
import { useLoaded } from "../../loaded";
import { Button, Failure, Loading } from "../../parts/simple";
import { count } from "../../parts/words";
import { ask, type Body } from "../../server";
import type { FileScreenProps } from "../props";
import { firstFailure } from "../trace/bars";
import { ScoreChip } from "../trace/ScoreChip";
import { Waterfall } from "../trace/Waterfall";
import { ExecutionHead } from "./ExecutionHead";
import { PathCanvas } from "./PathCanvas";
import { StepDetails } from "./StepDetails";
import { isGoing } from "./states";
import { useSteps } from "./steps";
import { cause } from "./values";
import "./execution.css";

const EVERY_MS = 1000;

export function Execution({ file, address }: FileScreenProps) {
  const id = address.parts[3] ?? "";
  const [goes, setGoes] = useState(false);
  const run = useLoaded(id, (signal) => ask<Body<"WholeExecution">>("GET", ["executions", id], { signal }), {
    everyMs: goes ? EVERY_MS : undefined,
  });
  const goesOn = run.value !== null && isGoing(run.value.status);
  if (run.value && goesOn !== goes) setGoes(goesOn);
  const steps = useSteps(id, run.value?.status === "Running");
  const failure = useMemo(() => firstFailure(steps.rows), [steps.rows]);
  const chosen = address.query.get("step");
  const selected = chosen ?? failure?.id ?? steps.rows[0]?.id ?? null;
  const step = steps.value?.steps.find((one) => one.id === selected) ?? null;
  const select = (step: string) => go(withQuery(address, { step }), { replace: true });

  if (run.error && !run.value) return <Missing error={run.error} file={file} again={run.reload} />;
  if (!run.value) return <Loading />;
  const left = (steps.value?.count ?? 0) - steps.rows.length;
  return (
    <div className="execution">
      <ExecutionHead
        run={run.value}
        file={file}
        address={address}
        durationMs={steps.rows[0]?.durationMs ?? null}
        onChanged={run.reload}
      />
      <Notes run={run.value} file={file} failure={failure?.id ?? null} onSelect={select} />
      <div className="execution-body">
        <div className="execution-main">
          {steps.error && <Failure error={steps.error} again={steps.reload} />}
          {steps.value && steps.rows.length === 0 && (
            <p className="loading">No events of this execution are kept, so there are no steps to show.</p>
          )}
          {steps.rows.length > 0 && (
            <Waterfall
              label="Steps"
              rows={steps.rows}
              totalMs={run.value.status === "Running" ? run.value.duration_ms : undefined}
              selected={selected}
              onSelect={select}
            />
          )}
          {left > 0 && (
            <p className="waterfall-more">
              <Button look="bare" onClick={steps.more} disabled={steps.isLoading}>
                Show more: {count(left)} steps are left
              </Button>
            </p>
          )}
          <PathCanvas
            execution={id}
            version={`${run.value.status} ${steps.value?.count}`}
            selected={step}
            onSelect={select}
          />
        </div>
        <aside className="execution-side" aria-label="The selected step">
          {step && <StepDetails key={step.id} execution={id} step={step} isGoing={goes} />}
        </aside>
      </div>
    </div>
  );
}

interface NotesProps {
  run: Body<"WholeExecution">;
  file: string;
  failure: string | null;
  onSelect: (step: string) => void;
}

/** What matters most: why it failed, what it asks, how it was judged. */
function Notes({ run, file, failure, onSelect }: NotesProps) {
  const target = run.is_draft ? "draft" : (run.pointer?.id ?? run.number ?? run.version_id);
  return (
    <>
      {run.error && (
        <div className="failure row wrap" role="alert">
          <span className="grow">
            {run.failed_node && <strong>{run.failed_node}: </strong>}
            {cause(run.error, run.failed_node)}
          </span>
          {failure && (
            <Button look="bare" onClick={() => onSelect(failure)}>
              Show where
            </Button>
          )}
        </div>
      )}
      {run.asks && (
        <p className="execution-asks">
          <strong>{run.asks.node} asks:</strong> {String(run.asks.question)}{" "}
          <a className="link" href={to(["f", file, "playground"], { execution: run.name, target })}>
            Answer
          </a>
        </p>
      )}
      {run.scores.length > 0 && (
        <p className="row wrap execution-scores">
          <span className="quiet">Judged</span>
          {run.scores.map((score) => (
            <ScoreChip key={score.log_id} score={score} />
          ))}
        </p>
      )}
    </>
  );
}

function Missing({ error, file, again }: { error: Error; file: string; again: () => void }) {
  return (
    <div className="page stack">
      <Failure error={error} again={again} />
      <a className="link" href={to(["f", file, "executions"])}>
        All executions of this flow
      </a>
    </div>
  );
}
