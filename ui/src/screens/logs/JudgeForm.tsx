/** A judgment, in the form that its evaluator says. */
import { type FormEvent, useState } from "react";
import { useLoaded } from "../../loaded";
import { Button, Failure, Loading } from "../../parts/simple";
import { ask, type Body } from "../../server";
import type { LogBody } from "./LogDrawer";

/** As much of a spec as the form needs. */
interface Spec {
  return_type: string;
  instructions?: string | null;
  options?: { name: string }[] | null;
  number_limits?: { min?: number | null; max?: number | null; step?: number | null } | null;
}

export interface JudgeFormProps {
  evaluator: string;
  log: LogBody;
  onJudged: (log: LogBody) => void;
}

export function JudgeForm({ evaluator, log, onJudged }: JudgeFormProps) {
  const known = useLoaded(evaluator, (signal) =>
    ask<Body<"EvaluatorBody">>("GET", ["evaluators", evaluator], { signal }),
  );
  const [error, setError] = useState<Error | null>(null);
  const [isBusy, setBusy] = useState(false);
  if (known.error) return <Failure error={known.error} again={known.reload} />;
  if (!known.value) return <Loading />;
  const spec = known.value.spec as Spec;
  const last = log.judgments.findLast((one) => one.evaluator_id === evaluator)?.judgment;
  const judge = async (judgment: unknown) => {
    setBusy(true);
    setError(null);
    try {
      onJudged(await ask<LogBody>("POST", ["logs", log.id, "judgments"], { body: { evaluator, judgment } }));
    } catch (refused) {
      setError(refused as Error);
    }
    setBusy(false);
  };
  return (
    <div className="stack">
      {spec.instructions && <p className="said quiet">{spec.instructions}</p>}
      <Entry spec={spec} last={last} isBusy={isBusy} judge={judge} />
      {error && <Failure error={error} />}
    </div>
  );
}

interface EntryProps {
  spec: Spec;
  last: unknown;
  isBusy: boolean;
  judge: (judgment: unknown) => void;
}

function Entry({ spec, last, isBusy, judge }: EntryProps) {
  if (spec.return_type === "boolean") {
    return <Choices choices={[true, false]} names={["Yes", "No"]} {...{ last, isBusy, judge }} />;
  }
  const names = (spec.options ?? []).map((one) => one.name);
  if (spec.return_type === "select")
    return <Choices choices={names} names={names} {...{ last, isBusy, judge }} />;
  if (spec.return_type === "multi_select") return <Several {...{ names, last, isBusy, judge }} />;
  return <Typed {...{ spec, last, isBusy, judge }} />;
}

interface ChoicesProps extends Omit<EntryProps, "spec"> {
  choices: unknown[];
  names: string[];
}

function Choices({ choices, names, last, isBusy, judge }: ChoicesProps) {
  return (
    <div className="row wrap">
      {choices.map((one, place) => (
        <Button key={names[place]} disabled={isBusy} aria-pressed={last === one} onClick={() => judge(one)}>
          {names[place]}
        </Button>
      ))}
    </div>
  );
}

function Several({ names, last, isBusy, judge }: Omit<EntryProps, "spec"> & { names: string[] }) {
  const [chosen, setChosen] = useState<string[]>(Array.isArray(last) ? last : []);
  const toggle = (name: string) =>
    setChosen(chosen.includes(name) ? chosen.filter((one) => one !== name) : [...chosen, name]);
  return (
    <div className="row wrap">
      {names.map((name) => (
        <label key={name} className="row">
          <input type="checkbox" checked={chosen.includes(name)} onChange={() => toggle(name)} />
          {name}
        </label>
      ))}
      <Button disabled={isBusy} onClick={() => judge(chosen)}>
        Judge
      </Button>
    </div>
  );
}

function Typed({ spec, last, isBusy, judge }: EntryProps) {
  const isNumber = spec.return_type === "number";
  const limits = spec.number_limits;
  const [text, setText] = useState(last === null || last === undefined ? "" : String(last));
  const send = (event: FormEvent) => {
    event.preventDefault();
    judge(isNumber ? Number(text) : text);
  };
  return (
    <form className="row" onSubmit={send}>
      <input
        className="input"
        aria-label="Judgment"
        required
        type={isNumber ? "number" : "text"}
        step={limits?.step ?? "any"}
        min={limits?.min ?? undefined}
        max={limits?.max ?? undefined}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <Button type="submit" disabled={isBusy}>
        Judge
      </Button>
    </form>
  );
}
