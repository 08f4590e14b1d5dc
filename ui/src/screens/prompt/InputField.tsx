import { useId } from "react";
import { Button } from "../../parts/simple";
import type { Field } from "./call";

export interface InputFieldProps {
  name: string;
  field: Field;
  problem?: string;
  onChange: (field: Field) => void;
  /** Given for what is no variable of the template. */
  onRemove?: () => void;
}

/** The value of one variable: a text, or any JSON. */
export function InputField({ name, field, problem, onChange, onRemove }: InputFieldProps) {
  const named = useId();
  return (
    <div className="field">
      <div className="row">
        <label className="name grow" htmlFor={named}>
          {name}
        </label>
        <label className="row quiet">
          <input
            type="checkbox"
            checked={field.isJson}
            onChange={(event) => onChange({ ...field, isJson: event.target.checked })}
          />
          JSON<span className="hidden"> in {name}</span>
        </label>
        {onRemove && (
          <Button look="bare" aria-label={`Remove ${name}`} onClick={onRemove}>
            ✕
          </Button>
        )}
      </div>
      <textarea
        id={named}
        className={field.isJson ? "input code" : "input"}
        rows={Math.min(12, Math.max(2, field.text.split("\n").length))}
        value={field.text}
        spellCheck={!field.isJson}
        aria-invalid={problem !== undefined}
        onChange={(event) => onChange({ ...field, text: event.target.value })}
      />
      {problem && (
        <span className="about tone-bad" role="alert">
          {problem}
        </span>
      )}
    </div>
  );
}
