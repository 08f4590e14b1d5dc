/** One value: a line, a text, code, a number, a choice of words, yes or no, or any JSON. */
import { useState } from "react";
import { ModelInput } from "../../parts/ModelInput";
import { Field } from "../../parts/simple";
import { isFree, type Schema } from "./model/form";
import type { Change } from "./SchemaForm";

export interface ScalarFieldProps {
  title: string;
  schema: Schema;
  value: unknown;
  isRequired: boolean;
  onChange: Change<unknown>;
  place: string;
}

export function ScalarField(props: ScalarFieldProps) {
  const { title, schema, isRequired } = props;
  if (isFree(schema)) return <JsonField {...props} />;
  return (
    <Field
      name={isRequired ? title : `${title} (optional)`}
      about={schema.format === "expression" ? undefined : aboutOf(schema)}
    >
      <Control {...props} />
    </Field>
  );
}

function Control({ schema, value, isRequired, onChange, place }: ScalarFieldProps) {
  const say = (said: string) => onChange(said === "" && !isRequired ? undefined : said, place);
  const text = value === undefined ? "" : String(value);
  if (schema.enum) {
    return (
      <select className="input" value={text} onChange={(event) => say(event.target.value)}>
        {(!isRequired || !text) && <option value="">–</option>}
        {schema.enum.map((one) => (
          <option key={one}>{one}</option>
        ))}
      </select>
    );
  }
  if (schema.type === "boolean") {
    return (
      <input
        type="checkbox"
        checked={value === true}
        onChange={(event) => onChange(event.target.checked, place)}
      />
    );
  }
  if (schema.type === "integer" || schema.type === "number") {
    const read = (said: string) => onChange(said === "" ? undefined : Number(said), place);
    return (
      <input
        className="input number"
        type="number"
        step={schema.type === "integer" ? 1 : "any"}
        min={schema.minimum}
        max={schema.maximum}
        value={text}
        onChange={(event) => read(event.target.value)}
      />
    );
  }
  if (schema.format === "model") {
    return <ModelInput className="input" maxLength={schema.maxLength} value={text} onModel={say} />;
  }
  const change = (event: { target: { value: string } }) => say(event.target.value);
  if (schema.format === "multiline" || schema.format === "code") {
    const rows = Math.min(24, Math.max(6, text.split("\n").length + 1));
    return (
      <textarea
        className="input code"
        rows={rows}
        spellCheck={schema.format !== "code"}
        value={text}
        onChange={change}
      />
    );
  }
  return (
    <input
      className={schema.format === "expression" ? "input code" : "input"}
      placeholder={schema.format === "expression" ? schema.description : undefined}
      maxLength={schema.maxLength}
      value={text}
      onChange={change}
    />
  );
}

function aboutOf({ description, minimum, maximum }: Schema): string | undefined {
  const isNear = maximum !== undefined && maximum < 100_000;
  const limits = isNear ? `${minimum ?? 0} to ${maximum}.` : undefined;
  return [description, limits].filter(Boolean).join(" ") || undefined;
}

/** Any JSON; it counts while it can be read. */
function JsonField({ title, schema, value, onChange, place }: ScalarFieldProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const [error, setError] = useState<string | undefined>();
  const read = (text: string) => {
    setTyped(text);
    try {
      onChange(text.trim() ? JSON.parse(text) : undefined, place);
      setError(undefined);
    } catch {
      setError("This is not JSON yet.");
    }
  };
  return (
    <Field name={title} about={schema.description} error={error}>
      <textarea
        className="input code"
        rows={5}
        value={typed ?? JSON.stringify(value ?? {}, null, 2)}
        aria-invalid={error !== undefined}
        onChange={(event) => read(event.target.value)}
        onBlur={() => error || setTyped(null)}
      />
    </Field>
  );
}
