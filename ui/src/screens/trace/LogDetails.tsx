/** One log of a trace in full: what went in and out, what it used, how it was judged. */
import { to } from "../../address";
import { useLoaded } from "../../loaded";
import { Badge, CopyButton, Failure, Loading } from "../../parts/simple";
import { count, duration, money } from "../../parts/words";
import { ask, type Body } from "../../server";
import { toneOfState } from "../execution/states";
import { ValueBox } from "../execution/ValueBox";
import { ScoreChip } from "./ScoreChip";

type Log = Body<"LogBody">;

export function LogDetails({ line }: { line: Body<"TraceLine"> }) {
  const log = useLoaded(line.id, (signal) => ask<Log>("GET", ["logs", line.id], { signal }));
  return (
    <div className="step-details">
      <header className="row wrap">
        <h2>{line.name}</h2>
        <span className="quiet">{line.kind}</span>
        <Badge tone={toneOfState(line.state)}>{line.state}</Badge>
      </header>
      <Facts line={line} />
      {line.scores.length > 0 && (
        <p className="row wrap">
          {line.scores.map((score) => (
            <a key={score.log_id} href={to(["logs", score.log_id])}>
              <ScoreChip score={score} />
            </a>
          ))}
        </p>
      )}
      {line.error && <p className="failure">{log.value?.error_text ?? line.error}</p>}
      {log.error && <Failure error={log.error} again={log.reload} />}
      {log.isLoading && !log.value && <Loading />}
      {log.value && <Contents log={log.value} />}
    </div>
  );
}

function Facts({ line }: { line: Body<"TraceLine"> }) {
  const tokens = (line.input_tokens ?? 0) + (line.output_tokens ?? 0);
  return (
    <dl className="facts">
      <div>
        <dt>Took</dt>
        <dd>{duration(line.duration_ms === null ? null : line.duration_ms / 1000)}</dd>
      </div>
      {tokens > 0 && (
        <div>
          <dt>Tokens</dt>
          <dd title={`${count(line.input_tokens ?? 0)} in, ${count(line.output_tokens ?? 0)} out`}>
            {count(tokens)}
          </dd>
        </div>
      )}
      {line.cost_usd !== null && (
        <div>
          <dt>Cost</dt>
          <dd>{money(line.cost_usd)}</dd>
        </div>
      )}
      {line.file_id && (
        <div>
          <dt>File</dt>
          <dd>
            <a className="link" href={to(["f", line.file_id, "logs"])}>
              {line.name}
            </a>
          </dd>
        </div>
      )}
      <div className="wide">
        <dt>Id</dt>
        <dd className="row">
          <code className="clip">{line.id}</code>
          <CopyButton text={line.id} look="bare" />
        </dd>
      </div>
    </dl>
  );
}

const PARTS: { name: string; of: (log: Log) => unknown }[] = [
  { name: "inputs", of: (log) => log.inputs },
  { name: "messages", of: (log) => log.messages },
  { name: "output", of: (log) => log.output_text },
  { name: "output message", of: (log) => log.output_message },
  { name: "judgment", of: (log) => log.judgment },
  { name: "stdout", of: (log) => log.stdout },
  { name: "metadata", of: (log) => log.metadata },
  { name: "provider request", of: (log) => log.provider_request },
  { name: "provider response", of: (log) => log.provider_response },
];

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function Contents({ log }: { log: Log }) {
  const parts = PARTS.map(({ name, of }) => ({ name, value: of(log) })).filter(
    ({ value }) => value !== null && value !== undefined && !["", "{}", "[]"].includes(textOf(value)),
  );
  if (!log.is_saved) return <p className="quiet">What went in and out of it was not kept.</p>;
  return (
    <section>
      {parts.map(({ name, value }) => (
        <ValueBox key={name} name={name} json={JSON.stringify(value)} />
      ))}
    </section>
  );
}
