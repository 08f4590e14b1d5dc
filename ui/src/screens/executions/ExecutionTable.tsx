import { useState } from "react";
import { type Address, to, withQuery } from "../../address";
import { Badge, Button, Chip, Failure } from "../../parts/simple";
import { Time } from "../../parts/Time";
import { count, duration, money } from "../../parts/words";
import { ask, type Body } from "../../server";
import { toneOfStatus, wordOfStatus } from "../execution/states";
import { cause, line } from "../execution/values";

type Run = Body<"ExecutionBody">;

export interface ExecutionTableProps {
  executions: Run[];
  file: string;
  address: Address;
  onChanged: () => void;
}

export function ExecutionTable({ executions, file, address, onChanged }: ExecutionTableProps) {
  return (
    <div className="table-box card">
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Status</th>
            <th scope="col">Started</th>
            <th scope="col">Version</th>
            <th scope="col" className="number">
              Duration
            </th>
            <th scope="col" className="number">
              Tokens
            </th>
            <th scope="col" className="number">
              Cost
            </th>
            <th scope="col">Input, and what came of it</th>
            <th scope="col">
              <span className="hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {executions.map((run) => (
            <Row key={run.id} run={run} file={file} address={address} onChanged={onChanged} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface RowProps {
  run: Run;
  file: string;
  address: Address;
  onChanged: () => void;
}

function Row({ run, file, address, onChanged }: RowProps) {
  const tokens = run.input_tokens + run.output_tokens;
  const link = to(["f", file, "executions", run.id], Object.fromEntries(address.query));
  return (
    <tr>
      <td>
        <a href={link} className="row-link" aria-label={`${wordOfStatus(run.status)}, ${run.id}`}>
          <Badge tone={toneOfStatus(run.status)}>{wordOfStatus(run.status)}</Badge>
        </a>
      </td>
      <td className="nowrap">
        <Time at={run.started_at} />
      </td>
      <td className="nowrap">
        <Chip title={run.version_id}>
          {run.is_draft ? "draft" : run.number === null ? "–" : `v${run.number}`}
        </Chip>
        {run.pointer && (
          <a className="over quiet" href={withQuery(address, { pointer: run.pointer.id, before: null })}>
            {" "}
            {run.pointer.name ?? run.pointer.id}
          </a>
        )}
      </td>
      <td className="number">{duration(run.duration_ms / 1000)}</td>
      <td className="number">{tokens > 0 ? count(tokens) : "–"}</td>
      <td className="number">{money(run.cost_usd)}</td>
      <td className="told">
        <Told run={run} address={address} />
      </td>
      <td className="actions">{run.can_stop && <StopButton run={run} onStopped={onChanged} />}</td>
    </tr>
  );
}

function Told({ run, address }: { run: Run; address: Address }) {
  return (
    <div className="told-in">
      <span className="clip quiet">{run.input === null ? "not kept" : line(run.input)}</span>
      {run.error ? (
        <span className="clip tone-bad" title={run.error}>
          {run.failed_node && (
            <a className="over" href={withQuery(address, { failed_node: run.failed_node, before: null })}>
              <strong>{run.failed_node}</strong>{" "}
            </a>
          )}
          {cause(run.error, run.failed_node)}
        </span>
      ) : (
        <span className="clip">{line(run.output ?? "")}</span>
      )}
    </div>
  );
}

function StopButton({ run, onStopped }: { run: Run; onStopped: () => void }) {
  const [error, setError] = useState<Error | null>(null);
  const stop = async () => {
    try {
      await ask("POST", ["executions", run.id, "stop"]);
      onStopped();
    } catch (refused) {
      setError(refused as Error);
    }
  };
  return (
    <>
      <Button look="danger" className="over" onClick={stop} aria-label={`Stop ${run.id}`}>
        Stop
      </Button>
      {error && <Failure error={error} />}
    </>
  );
}
