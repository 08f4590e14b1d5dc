/** The trace that a log is part of, whoever wrote it: the same grid as an execution's, and one log in full. */
import { useCallback, useMemo, useState } from "react";
import { go, to, withQuery } from "../../address";
import { useLoaded } from "../../loaded";
import { IdChip } from "../../parts/IdChip";
import { Badge, Button, Empty, Failure, Kind, Loading } from "../../parts/simple";
import { Time } from "../../parts/Time";
import { count, duration, money } from "../../parts/words";
import { ask, type Body } from "../../server";
import { toneOfState } from "../execution/states";
import type { ScreenProps } from "../props";
import { type BarRow, firstFailure } from "./bars";
import { LogDetails } from "./LogDetails";
import { Waterfall } from "./Waterfall";
import "../execution/execution.css";

type Page = Body<"TracePage">;
type Line = Body<"TraceLine">;
const PAGE = 2000;

export default function Trace({ address }: ScreenProps) {
  const id = address.parts[1] ?? "";
  const [pages, setPages] = useState(1);
  const trace = useLoaded(id ? `${id} ${pages}` : null, (signal) => load(id, pages, signal));
  const rows = useMemo(() => (trace.value?.lines ?? []).map(rowOf), [trace.value]);
  const more = useCallback(() => setPages((old) => old + 1), []);
  if (!id) {
    return <Empty title="Which log?">Open one from the logs of a file, or by its id: #/logs/…</Empty>;
  }
  if (trace.error) {
    return (
      <div className="page">
        <Failure error={trace.error} again={trace.reload} />
      </div>
    );
  }
  if (!trace.value) return <Loading />;
  const selected = address.query.get("step") ?? id;
  const line = trace.value.lines.find((one) => one.id === selected) ?? null;
  const select = (step: string) => go(withQuery(address, { step }), { replace: true });
  const left = trace.value.count - rows.length;
  const failure = firstFailure(rows);
  return (
    <div className="execution trace">
      <TraceHead page={trace.value} />
      {failure && failure.id !== selected && (
        <div className="failure row wrap" role="alert">
          <span className="grow">
            <strong>{failure.name}: </strong>
            {trace.value.lines.find((one) => one.id === failure.id)?.error}
          </span>
          <Button look="bare" onClick={() => select(failure.id)}>
            Show where
          </Button>
        </div>
      )}
      <div className="execution-body">
        <div className="execution-main">
          <Waterfall
            label="Logs of the trace"
            what="Log"
            rows={rows}
            totalMs={trace.value.duration_ms ?? undefined}
            selected={selected}
            onSelect={select}
          />
          {left > 0 && (
            <p className="waterfall-more">
              <Button look="bare" onClick={more} disabled={trace.isLoading}>
                Show more: {count(left)} logs are left
              </Button>
            </p>
          )}
        </div>
        <aside className="execution-side" aria-label="The selected log">
          {line ? <LogDetails key={line.id} line={line} /> : <p className="loading">It is further below.</p>}
        </aside>
      </div>
    </div>
  );
}

async function load(id: string, pages: number, signal: AbortSignal): Promise<Page> {
  const next = (after: string | null) =>
    ask<Page>("GET", ["logs", id, "trace"], { query: { take: PAGE, after }, signal });
  let page = await next(null);
  const lines = [...page.lines];
  for (let turn = 1; turn < pages && page.next !== null; turn++) {
    page = await next(page.next);
    lines.push(...page.lines);
  }
  return { ...page, lines };
}

function TraceHead({ page }: { page: Page }) {
  const [root] = page.lines;
  if (!root) return null;
  const tokens = page.lines.reduce((sum, one) => sum + (one.input_tokens ?? 0) + (one.output_tokens ?? 0), 0);
  const costs = page.lines.map((one) => one.cost_usd).filter((one) => one !== null);
  return (
    <header className="execution-head">
      {root.file_id && (
        <a className="row link" href={to(["f", root.file_id, "logs"])}>
          <Kind type={root.kind} />
          {root.name}
        </a>
      )}
      <Badge tone={toneOfState(root.state)}>{root.state}</Badge>
      <IdChip id={page.root} />
      {root.number !== null && <span className="quiet">v{root.number}</span>}
      <span className="number">{duration(page.duration_ms === null ? null : page.duration_ms / 1000)}</span>
      <span className="number">
        {count(page.count)} {page.count === 1 ? "log" : "logs"}
      </span>
      {tokens > 0 && <span className="number">{count(tokens)} tokens</span>}
      {costs.length > 0 && <span className="number">{money(costs.reduce((sum, one) => sum + one, 0))}</span>}
      <span className="quiet">
        <Time at={page.started_at} />
      </span>
      <span className="grow" />
      {page.execution && root.file_id && (
        <a className="link" href={to(["f", root.file_id, "executions", page.execution])}>
          Its execution
        </a>
      )}
    </header>
  );
}

export function rowOf(line: Line): BarRow {
  return {
    id: line.id,
    parent: line.parent,
    depth: line.depth,
    name: line.name,
    type: line.kind,
    look: line.kind,
    state: line.state,
    offsetMs: line.offset_ms,
    durationMs: line.duration_ms,
    scores: line.scores,
  };
}
