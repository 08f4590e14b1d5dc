import { useState } from "react";
import { Field } from "../../parts/simple";

const RULE = /^[a-zA-Z](_?[0-9a-zA-Z]){1,50}$/;

export interface NameFieldProps {
  label: string;
  name: string;
  taken: string[];
  onRename: (name: string) => void;
  isBare?: boolean;
}

/** A name that others follow when it changes: it counts when the field is left, or with Enter. */
export function NameField({ label, name, taken, onRename, isBare = false }: NameFieldProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const wanted = typed ?? name;
  const error = wanted === name ? undefined : wrong(wanted, taken);
  const settle = () => {
    if (typed !== null && typed !== name && !error) onRename(typed);
    setTyped(null);
  };
  const input = (
    <input
      className="input code"
      aria-label={isBare ? label : undefined}
      aria-invalid={error !== undefined}
      title={error}
      value={wanted}
      onChange={(event) => setTyped(event.target.value)}
      onBlur={settle}
      onKeyDown={(event) => {
        if (event.key === "Enter") settle();
        if (event.key === "Escape") setTyped(null);
      }}
    />
  );
  return isBare ? (
    input
  ) : (
    <Field name={label} error={error}>
      {input}
    </Field>
  );
}

function wrong(name: string, taken: string[]): string | undefined {
  if (taken.includes(name)) return `There is a ${name} already.`;
  if (!RULE.test(name)) return "Letters and digits, single _ between them; at least two, a letter first.";
  return undefined;
}
