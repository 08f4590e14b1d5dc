/** All that is known of one step: what went in and out, what it asked of others, what went wrong. */
import { useState } from "react";
import { to } from "../../address";
import { useLoaded } from "../../loaded";
import { Badge, Chip, CopyButton, Failure, Loading } from "../../parts/simple";
import { count, duration, money } from "../../parts/words";
import { ask, type Body } from "../../server";
import { ScoreChip } from "../trace/ScoreChip";
import { toneOfState } from "./states";
import { ValueBox } from "./ValueBox";

const SOME = 20_000;
const ALL = 10_000_000;

export interface StepDetailsProps {
  execution: string;
  step: Body<"StepLine">;
  /** Whether the run goes on: then what is told may change. */
  isGoing: boolean;
}

export function StepDetails({ execution, step, isGoing }: StepDetailsProps) {
  const [chars, setChars] = useState(SOME);
  const hasOwn = step.kind !== "round";
  const key = hasOwn ? `${execution} ${step.id} ${step.state} ${chars}` : null;
  const whole = useLoaded(
    key,
    (signal) =>
      ask<Body<"WholeStep">>("GET", ["executions", execution, "steps", step.id], {
        query: { chars },
        signal,
      }),
    { everyMs: isGoing && step.kind === "flow" ? 2000 : undefined },
  );
  return (
    <div className="step-details">
      <header className="row wrap">
        <h2>{step.kind === "round" ? `${step.type} ${step.name}` : step.name}</h2>
        <span className="quiet">{step.kind === "round" ? "" : step.type}</span>
        <Badge tone={toneOfState(step.state)}>{step.state}</Badge>
      </header>
      <Facts step={step} />
      {step.scores.length > 0 && (
        <p className="row wrap">
          {step.scores.map((score) => (
            <ScoreChip key={score.log_id} score={score} />
          ))}
        </p>
      )}
      {step.error && (
        <p className="failure" role="alert">
          {step.error}
        </p>
      )}
      {step.conditions.length > 0 && (
        <p>
          Chose{" "}
          {step.conditions.map((one) => (
            <Chip key={one}>{one}</Chip>
          ))}
        </p>
      )}
      {whole.error && <Failure error={whole.error} again={whole.reload} />}
      {hasOwn && whole.isLoading && !whole.value && <Loading />}
      {whole.value && <Values whole={whole.value} onMore={() => setChars(ALL)} />}
    </div>
  );
}

function Facts({ step }: { step: Body<"StepLine"> }) {
  const tokens = step.input_tokens + step.output_tokens;
  return (
    <dl className="facts">
      <div>
        <dt>Took</dt>
        <dd>{duration(step.duration_ms === null ? null : step.duration_ms / 1000)}</dd>
      </div>
      <div>
        <dt>Began after</dt>
        <dd>{duration(step.offset_ms / 1000)}</dd>
      </div>
      {tokens > 0 && (
        <div>
          <dt>Tokens</dt>
          <dd title={`${count(step.input_tokens)} in, ${count(step.output_tokens)} out`}>{count(tokens)}</dd>
        </div>
      )}
      {step.cost_usd !== null && (
        <div>
          <dt>Cost</dt>
          <dd>{money(step.cost_usd)}</dd>
        </div>
      )}
      {step.log_id && (
        <div>
          <dt>Log</dt>
          <dd>
            <a className="link" href={to(["logs", step.log_id])}>
              Open
            </a>
          </dd>
        </div>
      )}
      {step.request_id && (
        <div className="wide">
          <dt>Request id</dt>
          <dd className="row">
            <code className="clip">{step.request_id}</code>
            <CopyButton text={step.request_id} look="bare" />
          </dd>
        </div>
      )}
    </dl>
  );
}

function Values({ whole, onMore }: { whole: Body<"WholeStep">; onMore: () => void }) {
  const groups = [
    { title: "Inputs", values: whole.inputs },
    { title: "Outputs", values: whole.outputs },
    { title: "Thoughts of the agent", values: whole.traces },
  ].filter((group) => group.values.length > 0);
  if (groups.length === 0 && whole.requests.length === 0) {
    return <p className="quiet">No values are kept of this step.</p>;
  }
  return (
    <>
      {groups.map((group) => (
        <section key={group.title}>
          <h3>{group.title}</h3>
          {group.values.map((value, place) => (
            <ValueBox
              key={place}
              name={value.name}
              type={value.type}
              origin={value.origin}
              json={value.text}
              sizeChars={value.size_chars}
              onMore={onMore}
            />
          ))}
        </section>
      ))}
      {whole.requests.length > 0 && <Requests requests={whole.requests} onMore={onMore} />}
    </>
  );
}

function Requests({ requests, onMore }: { requests: Body<"StepRequest">[]; onMore: () => void }) {
  return (
    <section>
      <h3>Requests</h3>
      {requests.map((one) => (
        <details key={one.id} className="request">
          <summary>
            {one.operation} <span className="quiet">{one.service}</span>{" "}
            <span className="quiet">{duration(one.duration_ms / 1000)}</span>
          </summary>
          {[one.request, one.response].map(
            (value) =>
              value && (
                <ValueBox
                  key={value.name}
                  name={value.name}
                  json={value.text}
                  sizeChars={value.size_chars}
                  onMore={onMore}
                />
              ),
          )}
        </details>
      ))}
    </section>
  );
}
