/** On what two versions are run. */
import { PathInput } from "../../parts/PathInput";
import { Field } from "../../parts/simple";
import type { Source } from "./comparison";
import { Judges } from "./Judges";

export interface InputsFormProps {
  source: Source;
  type: string;
  query: (name: string) => string;
  pick: (changes: Record<string, string>) => void;
  typed: string;
  setTyped: (text: string) => void;
}

export function InputsForm(props: InputsFormProps) {
  const { source, type, query, pick, typed, setTyped } = props;
  const runs = type === "flow" ? "executions" : "logs";
  const names: Record<Source, string> = {
    last: `The last ${runs}`,
    dataset: "A dataset",
    typed: "Typed inputs",
  };
  return (
    <>
      <fieldset className="sources row wrap">
        <legend className="hidden">On which inputs</legend>
        {(Object.keys(names) as Source[]).map((one) => (
          <label key={one} className="row">
            <input type="radio" name="on" checked={one === source} onChange={() => pick({ on: one })} />
            {names[one]}
          </label>
        ))}
      </fieldset>
      <div className="row wrap inputs">
        {source === "last" && (
          <Field name="How many">
            <input
              className="input short"
              type="number"
              min={1}
              value={query("last") || "5"}
              onChange={(event) => pick({ last: event.target.value })}
            />
          </Field>
        )}
        {source === "dataset" && (
          <Field name="Dataset" about="Its path or id.">
            <PathInput
              kind="dataset"
              required
              value={query("dataset")}
              onPath={(dataset) => pick({ dataset })}
            />
          </Field>
        )}
        {source === "typed" && (
          <Field
            name="Inputs"
            about={
              type === "flow"
                ? "Each line is a document: JSON, or a text."
                : "Each line is a JSON object with the inputs by name."
            }
          >
            <textarea
              className="input code"
              rows={4}
              required
              value={typed}
              onChange={(event) => setTyped(event.target.value)}
            />
          </Field>
        )}
      </div>
      <Judges chosen={query("judges")} onChange={(judges) => pick({ judges })} />
    </>
  );
}
