/** What an evaluator says, as a form; saved as a new version, and tried before. */
import { type FormEvent, type ReactNode, useState } from "react";
import type { Address } from "../../address";
import { useLoaded } from "../../loaded";
import { Button, Failure, Field, Loading } from "../../parts/simple";
import { ask, type Body } from "../../server";
import { useMay } from "../../shell/session";
import { SchemaForm } from "./SchemaForm";
import { isSame, pruned, type Schema, type Value } from "./schema";
import { Trial } from "./Trial";

type Types = Body<"TypeList">;

export interface SpecEditorProps {
  address: Address;
  evaluator: string;
  start: Value;
  /** Told the version that was made. */
  onSaved: (version: string) => void;
  children?: ReactNode;
}

export function useTypes() {
  return useLoaded("types", (signal) => ask<Types>("GET", ["evaluator-types"], { signal }));
}

export function SpecEditor({ address, evaluator, start, onSaved, children }: SpecEditorProps) {
  const types = useTypes();
  const [spec, setSpec] = useState(start);
  const may = useMay("editor");
  if (types.error) return <Failure error={types.error} again={types.reload} />;
  if (!types.value) return <Loading />;
  const type = types.value.types.find((one) => one.type === (spec.evaluator_type ?? "llm"));
  if (!type) return null;
  const form = type.form as Schema;
  const isChanged = !isSame(pruned(form, spec), start);
  return (
    <div className="evaluator-page">
      <section className="stack card pad" aria-label="What it says">
        <h2>{type.title}</h2>
        <p className="quiet">{type.about}</p>
        <SchemaForm schema={form} value={spec} onChange={setSpec} isReadOnly={!may} />
        {may && (
          <Save
            evaluator={evaluator}
            spec={pruned(form, spec)}
            isChanged={isChanged}
            onSaved={onSaved}
            onUndone={() => setSpec(start)}
          />
        )}
      </section>
      <div className="stack">
        {type.is_carried_out && (
          <Trial address={address} spec={pruned(form, spec)} isChanged={isChanged} evaluator={evaluator} />
        )}
        {children}
      </div>
    </div>
  );
}

interface SaveProps {
  evaluator: string;
  spec: Value;
  isChanged: boolean;
  onSaved: (version: string) => void;
  onUndone: () => void;
}

function Save({ evaluator, spec, isChanged, onSaved, onUndone }: SaveProps) {
  const [description, setDescription] = useState("");
  const [error, setError] = useState<Error | null>(null);
  const [isBusy, setBusy] = useState(false);
  const save = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      const body = { evaluator, spec, description: description || null };
      await ask("POST", ["evaluators"], { body });
      const { newest } = await ask<Body<"AboutBody">>("GET", ["files", evaluator]);
      onSaved(newest?.number ? String(newest.number) : (newest?.version_id ?? ""));
    } catch (refused) {
      setError(refused as Error);
      setBusy(false);
    }
  };
  return (
    <form className="stack save" onSubmit={save}>
      <Field name="What changed">
        <input
          className="input"
          value={description}
          disabled={!isChanged}
          onChange={(event) => setDescription(event.target.value)}
        />
      </Field>
      {error && <Failure error={error} />}
      <div className="row">
        <Button look="main" type="submit" disabled={!isChanged || isBusy}>
          Save as a new version
        </Button>
        {isChanged && <Button onClick={onUndone}>Undo all changes</Button>}
      </div>
    </form>
  );
}
