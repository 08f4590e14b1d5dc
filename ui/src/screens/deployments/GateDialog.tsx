/** A gate as a form; for who administers. */
import { useState } from "react";
import { useLoaded } from "../../loaded";
import { Dialog } from "../../parts/Dialog";
import { PathInput } from "../../parts/PathInput";
import { Button, Failure, Field, Loading } from "../../parts/simple";
import { ask, type Body } from "../../server";
import "./deployments.css";
import type { GateSpec } from "./gate";
import {
  FIELDS,
  type GateInput,
  inputOf,
  NAMES,
  newRule,
  type RuleInput,
  type RuleType,
  specOf,
} from "./gateForm";

/** Where a gate stands: at a pointer of a file, or at an environment for all files. */
export interface GatePlace {
  /** What it is called. */
  name: string;
  /** Its place in the API. */
  parts: string[];
}

export interface GateDialogProps {
  place: GatePlace;
  /** Whether none stands there now, so that there is nothing to look for. */
  isNew?: boolean;
  onClose: () => void;
  onDone: (said: string) => void;
}

export function GateDialog(props: GateDialogProps) {
  const { place, isNew = false, onClose } = props;
  const found = useLoaded(isNew ? null : `gate ${place.parts.join("/")}`, async (signal) => {
    const told = await ask<Body<"GateBody"> | Body<"GateList">>("GET", place.parts, { signal });
    const own = "gates" in told ? told.gates.find((one) => !one.is_for_all_files) : told;
    return { spec: (own?.gate as GateSpec | undefined) ?? null };
  });
  const shown = isNew ? { spec: null } : found.value;
  return (
    <Dialog title={`Gate of ${place.name}`} onClose={onClose} isWide>
      {found.error && <Failure error={found.error} again={found.reload} />}
      {!shown && !found.error && <Loading />}
      {shown && <GateForm {...props} spec={shown.spec} />}
    </Dialog>
  );
}

function GateForm({ place, spec, onClose, onDone }: GateDialogProps & { spec: GateSpec | null }) {
  const [input, setInput] = useState<GateInput>(() => inputOf(spec));
  const [failure, setFailure] = useState<Error | null>(null);
  const send = async (method: "PUT" | "DELETE") => {
    setFailure(null);
    const body = method === "PUT" ? specOf(input) : undefined;
    const { name, parts } = place;
    const said =
      method === "PUT" ? `The gate of ${name} is set.` : `${name} has no gate of its own any more.`;
    await ask(method, parts, { body }).then(() => onDone(said), setFailure);
  };
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        send("PUT");
      }}
    >
      <p className="quiet">
        All of it must be so before a version is let through. Rolling back is not stopped by it, but for going
        back to the draft.
      </p>
      <Rules
        title="Before a move"
        where="rules"
        rules={input.rules}
        onChange={(rules) => setInput({ ...input, rules })}
      />
      <Rules
        title="After a move: roll back by itself unless"
        where="watched"
        rules={input.watched}
        onChange={(watched) =>
          setInput({ ...input, watched, watchMinutes: watched.length ? input.watchMinutes || "60" : "" })
        }
      />
      {input.watched.length > 0 && (
        <Field name="Watched for (minutes)">
          <input
            className="input short"
            value={input.watchMinutes}
            onChange={(event) => setInput({ ...input, watchMinutes: event.target.value })}
          />
        </Field>
      )}
      {failure && <Failure error={failure} />}
      <footer>
        {spec && (
          <Button look="danger" onClick={() => send("DELETE")}>
            Take the gate away
          </Button>
        )}
        <Button onClick={onClose}>Cancel</Button>
        <Button look="main" type="submit" disabled={!input.rules.length && !input.watched.length}>
          Set the gate
        </Button>
      </footer>
    </form>
  );
}

interface RulesProps {
  title: string;
  where: "rules" | "watched";
  rules: RuleInput[];
  onChange: (rules: RuleInput[]) => void;
}

function Rules({ title, where, rules, onChange }: RulesProps) {
  const types = Object.keys(FIELDS[where]) as RuleType[];
  return (
    <fieldset className="rules stack">
      <legend>{title}</legend>
      {rules.map((rule, place) => (
        <RuleRow
          key={place}
          {...{ rule, where }}
          onChange={(values) => onChange(rules.map((one, at) => (at === place ? { ...one, values } : one)))}
          onRemove={() => onChange(rules.filter((_, at) => at !== place))}
        />
      ))}
      <div className="row wrap">
        {types.map((type) => (
          <Button key={type} onClick={() => onChange([...rules, newRule(type, where)])}>
            Add: {NAMES[type].toLowerCase()}
          </Button>
        ))}
      </div>
    </fieldset>
  );
}

interface RuleRowProps {
  rule: RuleInput;
  where: "rules" | "watched";
  onChange: (values: Record<string, string>) => void;
  onRemove: () => void;
}

function RuleRow({ rule, where, onChange, onRemove }: RuleRowProps) {
  return (
    <div className="rule">
      <strong>{NAMES[rule.type]}</strong>
      {(FIELDS[where][rule.type] ?? []).map((field) => (
        <Field key={field.name} name={field.label}>
          {field.names ? (
            <PathInput
              kind={field.names}
              required={field.isNeeded}
              value={rule.values[field.name] ?? ""}
              onPath={(path) => onChange({ ...rule.values, [field.name]: path })}
            />
          ) : (
            <input
              className="input"
              inputMode="decimal"
              required={field.isNeeded}
              value={rule.values[field.name] ?? ""}
              onChange={(event) => onChange({ ...rule.values, [field.name]: event.target.value })}
            />
          )}
        </Field>
      ))}
      <Button look="bare" onClick={onRemove} aria-label={`Remove the rule ${NAMES[rule.type]}`}>
        ✕
      </Button>
    </div>
  );
}
