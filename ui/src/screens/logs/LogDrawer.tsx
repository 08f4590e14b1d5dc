/** A whole log, beside the table that it was chosen from. */
import { useEffect, useRef } from "react";
import { to } from "../../address";
import { useLoaded } from "../../loaded";
import { IdChip } from "../../parts/IdChip";
import { Badge, Button, Chip, Failure, Kind, Loading } from "../../parts/simple";
import { Time } from "../../parts/Time";
import { count, counted, duration, money } from "../../parts/words";
import { ask, type Body } from "../../server";
import { Inputs, Message, Messages, Raw, Text } from "./contents";
import { Judgments } from "./Judgments";
import type { Judge, LogRow } from "./pages";
import "./drawer.css";

export type LogBody = Body<"LogBody">;

export interface LogDrawerProps {
  id: string;
  onClose: () => void;
  onJudged?: (row: LogRow, evaluators: Judge[]) => void;
}

export function LogDrawer({ id, onClose, onJudged }: LogDrawerProps) {
  const log = useLoaded(id, (signal) => ask<LogBody>("GET", ["logs", id], { signal }));
  useEscape(onClose);
  return (
    <aside className="drawer" aria-label="The chosen log">
      <header className="row">
        <h2 className="grow row">
          {log.value && <Kind type={log.value.file.type} />}
          <span className="clip">{log.value?.file.path ?? "Log"}</span>
        </h2>
        <a className="button" href={to(["logs", id])}>
          Trace
        </a>
        <Button look="bare" onClick={onClose} aria-label="Close the log">
          ✕
        </Button>
      </header>
      {log.error && <Failure error={log.error} again={log.reload} />}
      {!log.value && log.isLoading && <Loading />}
      {log.value && (
        <Whole
          log={log.value}
          onJudged={(judged) => {
            onJudged?.(judged, judged.evaluators);
            log.reload();
          }}
        />
      )}
    </aside>
  );
}

/** Escape closes, unless a dialog is open, which it closes first. */
function useEscape(close: () => void): void {
  const latest = useRef(close);
  latest.current = close;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape" && !document.querySelector("dialog[open]")) latest.current();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
}

function Whole({ log, onJudged }: { log: LogBody; onJudged: (log: LogBody) => void }) {
  return (
    <div className="drawer-body stack">
      <Facts log={log} />
      {!log.is_saved && <p className="quiet">Nothing of what this log held was kept.</p>}
      {log.error_text !== null && <Text title="Error" text={log.error_text} tone="bad" />}
      <Inputs inputs={log.inputs} />
      <Messages messages={log.messages} />
      {log.output_message ? (
        <section>
          <h3>Answer</h3>
          <Message message={log.output_message} />
        </section>
      ) : (
        log.output_text !== null && <Text title="Output" text={log.output_text} />
      )}
      {log.stdout !== null && <Text title="Printed" text={log.stdout} />}
      <Judgments log={log} onJudged={onJudged} />
      {log.metadata !== null && <Raw title="Metadata" value={log.metadata} isOpen />}
      {log.provider_request !== null && <Raw title="What the model was sent" value={log.provider_request} />}
      {log.provider_response !== null && <Raw title="What it answered" value={log.provider_response} />}
      <Raw title="The log as JSON" value={log} />
    </div>
  );
}

function Facts({ log }: { log: LogBody }) {
  const version = log.number === null ? "draft" : `v${log.number}`;
  return (
    <dl className="log-facts">
      <Fact name="Time">
        <Time at={log.created_at} />
      </Fact>
      <Fact name="Version">
        <a className="link" href={to(["f", log.file.id, "versions"], { version: log.version_id })}>
          <Chip title={log.version_id}>{version}</Chip>
        </a>
      </Fact>
      {log.latency_s !== null && <Fact name="Latency">{duration(log.latency_s)}</Fact>}
      {log.input_tokens !== null || log.output_tokens !== null ? (
        <Fact name="Tokens">
          {count(log.input_tokens ?? 0)} in, {count(log.output_tokens ?? 0)} out
        </Fact>
      ) : null}
      {log.cost_usd !== null && <Fact name="Cost">{money(log.cost_usd)}</Fact>}
      {log.steps !== null && log.steps > 0 && (
        <Fact name="Trace">
          <a className="link" href={to(["logs", log.id])}>
            {counted(log.steps, "step")}
          </a>
        </Fact>
      )}
      {log.execution_id !== null && (
        <Fact name="Execution">
          <a className="link" href={to(["f", log.file.id, "executions", log.execution_id])}>
            {log.execution_id.slice(0, 14)}
          </a>
        </Fact>
      )}
      {log.parent_id !== null && <Fact name="Step of">{above(log.session)}</Fact>}
      {log.judged_id !== null && <Fact name="Judges">{above(log.judged_id)}</Fact>}
      {log.environment !== null && <Fact name="Environment">{log.environment}</Fact>}
      {log.user !== null && <Fact name="User">{log.user}</Fact>}
      {log.source !== null && <Fact name="Source">{log.source}</Fact>}
      {log.status === "incomplete" && (
        <Fact name="Status">
          <Badge tone="busy">incomplete</Badge>
        </Fact>
      )}
      <Fact name="Id">
        <IdChip id={log.id} letters={14} />
      </Fact>
    </dl>
  );
}

function above(id: string) {
  return (
    <a className="link" href={to(["logs", id])}>
      {id.slice(0, 14)}
    </a>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
