/** The files whose logs an evaluator judges by itself, and switches for that. */
import { type FormEvent, useState } from "react";
import { to } from "../../address";
import { useLoaded } from "../../loaded";
import { Button, Failure, Field, Kind } from "../../parts/simple";
import { ask, type Body } from "../../server";
import { useMay } from "../../shell/session";
import type { EvaluatorBody } from "./Evaluator";

export function Places({ evaluator, reload }: { evaluator: EvaluatorBody; reload: () => void }) {
  const [error, setError] = useState<Error | null>(null);
  const may = useMay("editor");
  const isHere = evaluator.evaluator_type === "python" || evaluator.evaluator_type === "llm";
  const put = async (file: string, is_active: boolean) => {
    setError(null);
    try {
      await ask("PUT", ["files", file, "monitors", evaluator.file.id], { body: { is_active } });
      reload();
      return true;
    } catch (refused) {
      setError(refused as Error);
      return false;
    }
  };
  return (
    <section className="stack card pad" aria-label="Where it judges">
      <h2>Judges by itself</h2>
      <p className="quiet">
        {isHere
          ? "Every new log of these files, as soon as it is complete."
          : "The logs of these files wait for who judges; the server does nothing by itself."}
      </p>
      {evaluator.places.length === 0 && <p className="quiet">Attached to nothing yet.</p>}
      <ul>
        {evaluator.places.map((one) => (
          <li key={one.id} className="row">
            <Kind type={one.type} />
            <a
              className="link grow clip"
              href={to(["f", one.id, "logs"], { evaluator: evaluator.file.path })}
            >
              {one.path}
            </a>
            {may && (
              <Button look="bare" onClick={() => put(one.id, false)} aria-label={`Detach from ${one.path}`}>
                Detach
              </Button>
            )}
          </li>
        ))}
      </ul>
      {evaluator.places_count > evaluator.places.length && (
        <p className="quiet">and {evaluator.places_count - evaluator.places.length} more</p>
      )}
      {error && <Failure error={error} />}
      {may && <Attach put={put} />}
    </section>
  );
}

function Attach({ put }: { put: (file: string, isActive: boolean) => Promise<boolean> }) {
  const [text, setText] = useState("");
  const found = useLoaded(text.length > 1 ? `files ${text}` : null, (signal) =>
    ask<Body<"FileList">>("GET", ["files"], { query: { search: text, take: 12 }, signal }),
  );
  const attach = async (event: FormEvent) => {
    event.preventDefault();
    if (await put(text, true)) setText("");
  };
  return (
    <form className="row attach" onSubmit={attach}>
      <Field name="Attach to a file">
        <input
          className="input"
          list="files-to-judge"
          required
          placeholder="its path"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      </Field>
      <datalist id="files-to-judge">
        {(found.value?.files ?? []).map((one) => (
          <option key={one.id} value={one.path} />
        ))}
      </datalist>
      <Button type="submit">Attach</Button>
    </form>
  );
}
