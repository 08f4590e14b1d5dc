/** An evaluator to be: its type, where it is kept, and what it says; tried before it is kept. */
import { type FormEvent, useState } from "react";
import { go, to, withQuery } from "../../address";
import { Button, Failure, Field, Loading } from "../../parts/simple";
import { ask, type Body } from "../../server";
import type { ScreenProps } from "../props";
import type { EvaluatorBody } from "./Evaluator";
import { SchemaForm } from "./SchemaForm";
import { useTypes } from "./SpecEditor";
import { pruned, type Schema, type Value } from "./schema";
import { Trial } from "./Trial";
import "./evaluators.css";

type TypeAbout = Body<"TypeAbout">;

export default function NewEvaluator({ address }: ScreenProps) {
  const types = useTypes();
  const wanted = address.query.get("type") ?? "python";
  if (types.error) return <Failure error={types.error} again={types.reload} />;
  if (!types.value) return <Loading />;
  const type = types.value.types.find((one) => one.type === wanted) ?? types.value.types[0];
  return (
    <>
      <header className="page-head">
        <h1>New evaluator</h1>
      </header>
      <div className="kinds" role="radiogroup" aria-label="Who judges">
        {types.value.types.map((one) => (
          <label key={one.type} className="card kind">
            <input
              type="radio"
              name="type"
              checked={one === type}
              onChange={() => go(withQuery(address, { type: one.type }), { replace: true })}
            />
            <span>
              <strong>{one.title}</strong>
              <span className="quiet">{one.about}</span>
            </span>
          </label>
        ))}
      </div>
      {type && <Form key={type.type} type={type} address={address} />}
    </>
  );
}

function Form({ type, address }: { type: TypeAbout; address: ScreenProps["address"] }) {
  const form = type.form as Schema;
  const [spec, setSpec] = useState(type.example as Value);
  const [path, setPath] = useState("");
  const [error, setError] = useState<Error | null>(null);
  const [isBusy, setBusy] = useState(false);
  const create = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      const body = { path, spec: pruned(form, spec) };
      const made = await ask<EvaluatorBody>("POST", ["evaluators"], { body });
      go(to(["evaluators", made.file.id]));
    } catch (refused) {
      setError(refused as Error);
      setBusy(false);
    }
  };
  return (
    <div className="evaluator-page">
      <form className="stack card pad" onSubmit={create}>
        <Field name="Path" about="Where it is kept, such as support/polite.">
          <input className="input" required value={path} onChange={(event) => setPath(event.target.value)} />
        </Field>
        <SchemaForm schema={form} value={spec} onChange={setSpec} />
        {error && <Failure error={error} />}
        <div className="row">
          <Button look="main" type="submit" disabled={isBusy}>
            Make the evaluator
          </Button>
        </div>
      </form>
      {type.is_carried_out && (
        <div className="stack">
          <Trial address={address} spec={pruned(form, spec)} isChanged={false} evaluator={null} />
        </div>
      )}
    </div>
  );
}
