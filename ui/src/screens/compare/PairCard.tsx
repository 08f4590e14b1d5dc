/** What two versions made of one input, with what differs marked. */
import { to } from "../../address";
import { Badge, type Tone } from "../../parts/simple";
import { count, duration, money } from "../../parts/words";
import { pathText } from "../diff/difference";
import { EditView } from "../diff/EditView";
import { type Opening, type Outcome, type Pair, pieces, shown, textSpans } from "./comparison";
import "../diff/diff.css";

const LIKENESS: Record<Pair["likeness"], [string, Tone]> = {
  same: ["same output", "good"],
  different: ["different output", "warn"],
  failed: ["failed", "bad"],
};

export function PairCard({ pair, opening }: { pair: Pair; opening: Opening | null }) {
  const [said, tone] = LIKENESS[pair.likeness];
  const spans = textSpans(pair);
  const paths = pair.path_difference;
  return (
    <section className="card pair" aria-label={`Input ${pair.index + 1}`}>
      <header className="row wrap">
        <strong className="number">{pair.index + 1}</strong>
        <Badge tone={tone}>{said}</Badge>
        {paths && (
          <span className="quiet">
            other way: <code>{paths.before ?? "–"}</code> → <code>{paths.after ?? "–"}</code>
          </span>
        )}
      </header>
      <details className="input-of" open={shown(pair.input).length < 400}>
        <summary className="quiet">Input</summary>
        <pre>{shown(pair.input)}</pre>
      </details>
      <div className="sides">
        <Side name="before" outcome={pair.before} spans={spans} opening={opening} />
        <Side name="after" outcome={pair.after} spans={spans} opening={opening} />
      </div>
      {!spans && pair.edits.length > 0 && (
        <details className="pair-edits" open>
          <summary className="quiet">What differs</summary>
          {pair.edits.map((edit) => (
            <EditView key={`${edit.change} ${pathText(edit.path)}`} edit={edit} />
          ))}
        </details>
      )}
    </section>
  );
}

interface SideProps {
  name: "before" | "after";
  outcome: Outcome;
  spans: ReturnType<typeof textSpans>;
  opening: Opening | null;
}

function Side({ name, outcome, spans, opening }: SideProps) {
  const number = opening?.[name].numbers.at(-1);
  const tokens = (outcome.input_tokens ?? 0) + (outcome.output_tokens ?? 0);
  const path = outcome.path ?? [];
  const isGood = outcome.status === "Succeeded";
  return (
    <div className="side">
      <p className="row wrap quiet">
        <span className="chip">{number === undefined ? name : `v${number}`}</span>
        {!isGood && <Badge tone="bad">{outcome.status}</Badge>}
        <span>{duration(outcome.latency_s)}</span>
        <span>{count(tokens)} tokens</span>
        {outcome.cost_usd != null && <span>{money(outcome.cost_usd)}</span>}
        {outcome.log_id && (
          <a className="link" href={to(["logs", outcome.log_id])}>
            Trace
          </a>
        )}
      </p>
      {outcome.error && (
        <p className="failure">
          {outcome.failed_node && <code>{outcome.failed_node}: </code>}
          {outcome.error}
        </p>
      )}
      {isGood && (
        <pre className="output">
          {spans
            ? pieces(spans, name).map((piece, place) =>
                piece.in === "both" ? (
                  <span key={`${place} both`}>{piece.text}</span>
                ) : (
                  <mark key={`${place} one`} className={name}>
                    {piece.text}
                  </mark>
                ),
              )
            : shown(outcome.output)}
        </pre>
      )}
      <Scores outcome={outcome} opening={opening} />
      {path.length > 0 && (
        <details>
          <summary className="quiet">Path: {count(path.length + (outcome.path_left_out ?? 0))} steps</summary>
          <p className="path mono">{path.join(" → ")}</p>
        </details>
      )}
    </div>
  );
}

function Scores({ outcome, opening }: { outcome: Outcome; opening: Opening | null }) {
  if (!outcome.scores?.length) return null;
  const path = (id: string) => opening?.evaluators.find((one) => one.id === id)?.path ?? id;
  return (
    <ul className="judged">
      {outcome.scores.map((score) => (
        <li key={score.evaluator_id}>
          <span className="quiet">{path(score.evaluator_id)}</span>{" "}
          {score.error ? (
            <span className="tone-bad">{score.error}</span>
          ) : (
            <strong>{shown(score.judgment)}</strong>
          )}
        </li>
      ))}
    </ul>
  );
}
