/** A filter by what an evaluator found: by its type of judgments. */
import { type FormEvent, useState } from "react";
import type { Query } from "../../address";
import { useLoaded } from "../../loaded";
import { Button, Failure, Field, Loading } from "../../parts/simple";
import { ask, type Body } from "../../server";

type Row = Body<"EvaluatorRow">;

const MORE = { failed: "It failed", none: "It has not judged" };
const TRUTHS = { true: "Yes", false: "No" };

interface EvaluatorFilterProps {
  query: URLSearchParams;
  onChosen: (changes: Query) => void;
}

export function EvaluatorFilter({ query, onChosen }: EvaluatorFilterProps) {
  const known = useLoaded("evaluators", (signal) =>
    ask<Body<"EvaluatorList">>("GET", ["evaluators"], { query: { take: 200 }, signal }),
  );
  const [evaluator, setEvaluator] = useState(query.get("evaluator") ?? "");
  const [verdict, setVerdict] = useState(query.get("verdict") ?? "");
  const [least, setLeast] = useState(query.get("least") ?? "");
  const [most, setMost] = useState(query.get("most") ?? "");
  if (known.error) return <Failure error={known.error} again={known.reload} />;
  if (!known.value) return <Loading />;
  const rows = known.value.evaluators;
  const chosen = rows.find((one) => one.file.id === evaluator || one.file.path === evaluator);
  const apply = (event: FormEvent) => {
    event.preventDefault();
    onChosen({ evaluator: chosen?.file.path ?? evaluator, verdict, least, most });
  };
  return (
    <form className="stack" onSubmit={apply}>
      <Field name="Evaluator">
        <select
          className="input"
          required
          value={chosen?.file.id ?? evaluator}
          onChange={(event) => setEvaluator(event.target.value)}
        >
          <option value="">Choose …</option>
          {rows.map((one) => (
            <option key={one.file.id} value={one.file.id}>
              {one.file.path}
            </option>
          ))}
        </select>
      </Field>
      <VerdictField row={chosen} value={verdict} onChange={setVerdict} />
      {chosen?.return_type === "number" && (
        <div className="row">
          <Range name="At least" value={least} onChange={setLeast} />
          <Range name="At most" value={most} onChange={setMost} />
        </div>
      )}
      <footer>
        <Button look="main" type="submit">
          Apply
        </Button>
      </footer>
    </form>
  );
}

interface VerdictFieldProps {
  row: Row | undefined;
  value: string;
  onChange: (value: string) => void;
}

function VerdictField({ row, value, onChange }: VerdictFieldProps) {
  const isText = row?.return_type && !["boolean", "number"].includes(row.return_type);
  const choices = { ...(row?.return_type === "boolean" ? TRUTHS : {}), ...MORE };
  const isOwn = value !== "" && !(value in choices);
  return (
    <Field name="Judgment" about={isText ? "Or a text, as it was judged:" : undefined}>
      <select className="input" value={isOwn ? "" : value} onChange={(event) => onChange(event.target.value)}>
        <option value="">Any</option>
        {Object.entries(choices).map(([choice, text]) => (
          <option key={choice} value={choice}>
            {text}
          </option>
        ))}
      </select>
      {isText && (
        <input
          className="input"
          aria-label="Judgment as a text"
          value={isOwn ? value : ""}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  );
}

function Range({
  name,
  value,
  onChange,
}: {
  name: string;
  value: string;
  onChange: (value: string) => void;
}) {
  return (
    <Field name={name}>
      <input
        className="input"
        type="number"
        step="any"
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    </Field>
  );
}
