/** What evaluators found of a log, and what whoever looks at it finds. */
import { useState } from "react";
import { to } from "../../address";
import { useLoaded } from "../../loaded";
import { Failure } from "../../parts/simple";
import { ask, type Body } from "../../server";
import { useMay } from "../../shell/session";
import { JudgeForm } from "./JudgeForm";
import type { LogBody } from "./LogDrawer";
import { Verdict } from "./Verdict";

type Row = Body<"EvaluatorRow">;

export function Judgments({ log, onJudged }: { log: LogBody; onJudged: (log: LogBody) => void }) {
  const may = useMay("runner");
  const paths = new Map(log.evaluators.map((one) => [one.id, one.path]));
  return (
    <section>
      <h3>Judgments</h3>
      {log.judgments.length === 0 && <p className="quiet">Nobody has judged this log yet.</p>}
      <ul className="verdicts">
        {log.judgments.map((one) => (
          <li key={one.log_id} className="row">
            <a className="grow clip link" href={to(["evaluators", one.evaluator_id])}>
              {paths.get(one.evaluator_id) ?? one.evaluator_id}
            </a>
            <Verdict judgment={one} />
            <a className="quiet" href={to(["logs", one.log_id])} title="The evaluator's own log">
              {one.is_automatic ? "automatic" : "posted"}
            </a>
          </li>
        ))}
      </ul>
      {may && <ByPeople log={log} onJudged={onJudged} />}
    </section>
  );
}

function ByPeople({ log, onJudged }: { log: LogBody; onJudged: (log: LogBody) => void }) {
  const known = useLoaded("people", (signal) =>
    ask<Body<"EvaluatorList">>("GET", ["evaluators"], { query: { take: 200 }, signal }),
  );
  const people = (known.value?.evaluators ?? []).filter((one) => one.evaluator_type === "human");
  const [id, setId] = useState("");
  const first = people.find((one) => isOf(one, log)) ?? people[0];
  const chosen = people.find((one) => one.file.id === id) ?? first;
  if (known.error) return <Failure error={known.error} again={known.reload} />;
  if (!chosen) {
    return (
      <p className="quiet">
        {known.value ? (
          <a className="link" href={to(["evaluators", "new"], { type: "human" })}>
            Make an evaluator for people
          </a>
        ) : null}
        {known.value ? " to judge logs here." : null}
      </p>
    );
  }
  return (
    <div className="judge card">
      <label className="row">
        <span className="quiet">Judge as</span>
        <select className="input" value={chosen.file.id} onChange={(event) => setId(event.target.value)}>
          {people.map((one) => (
            <option key={one.file.id} value={one.file.id}>
              {one.file.path}
            </option>
          ))}
        </select>
      </label>
      <JudgeForm key={chosen.file.id} evaluator={chosen.file.id} log={log} onJudged={onJudged} />
    </div>
  );
}

/** Whether an evaluator belongs to the file of a log, or has judged it. */
function isOf(row: Row, log: LogBody): boolean {
  return (
    row.places.some((one) => one.id === log.file.id) || log.evaluators.some((one) => one.id === row.file.id)
  );
}
