import { type KeyboardEvent, useState } from "react";
import { type Address, go, withQuery } from "../../address";
import { Button, Failure, Field } from "../../parts/simple";
import type { Body } from "../../server";
import { CallDialog } from "./CallDialog";
import { first, typed } from "./inputs";
import type { useRun } from "./useRun";

export interface InputFormProps {
  form: Body<"RunForm">;
  target: string | null;
  address: Address;
  run: ReturnType<typeof useRun>;
}

/** Which version, and with what. */
export function InputForm({ form, target, address, run }: InputFormProps) {
  const [text, setText] = useState(() => first(form.last_input, form.type ?? null));
  const [problem, setProblem] = useState<string | null>(null);
  const [isCopying, setCopying] = useState(false);
  const start = () => {
    const document = typed(text, form.type ?? null);
    if ("problem" in document) {
      setProblem(document.problem);
      return;
    }
    setProblem(null);
    if (address.query.get("execution")) go(withQuery(address, { execution: null }), { replace: true });
    run.run({ input: document.value, target: form.chosen?.ref ?? target });
  };
  const press = (event: KeyboardEvent) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      if (!run.isRunning && !form.problem) start();
    }
  };
  const document = typed(text, form.type ?? null);
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        start();
      }}
    >
      <Field name="Run">
        <select
          className="input"
          value={form.chosen?.ref ?? ""}
          onChange={(event) => go(withQuery(address, { target: event.target.value, execution: null }))}
        >
          {!form.chosen && <option value="">{target}</option>}
          {form.targets.map((one) => (
            <option key={`${one.kind} ${one.ref}`} value={one.ref}>
              {nameOf(one)}
            </option>
          ))}
        </select>
      </Field>
      {form.problem && <p className="failure">{form.problem}</p>}
      <Field
        name={`Input of ${form.node ?? "the flow"}`}
        about={form.type ? `${form.type}. Ctrl + Enter runs it.` : undefined}
        error={problem ?? undefined}
      >
        <textarea
          className={form.type === "String" ? "input" : "input code"}
          rows={form.type === "String" ? 4 : 6}
          value={text}
          aria-invalid={problem !== null}
          onChange={(event) => {
            setText(event.target.value);
            setProblem(null);
          }}
          onKeyDown={press}
          spellCheck={form.type === "String"}
        />
      </Field>
      <div className="row wrap">
        {run.isRunning ? (
          // Two buttons, not one that changes: a click on Stop would submit what it has become.
          <Button key="stop" look="danger" onClick={run.stop}>
            Stop
          </Button>
        ) : (
          <Button key="run" look="main" type="submit" disabled={form.problem !== null}>
            Run
          </Button>
        )}
        <Button look="bare" onClick={() => setCopying(true)} disabled={"problem" in document}>
          Copy this call
        </Button>
      </div>
      {run.error && <Failure error={run.error} />}
      {isCopying && "value" in document && (
        <CallDialog form={form} input={document.value} onClose={() => setCopying(false)} />
      )}
    </form>
  );
}

function nameOf(target: Body<"RunTarget">): string {
  const version =
    target.kind === "environment" || target.kind === "alias" ? ` (v${target.number ?? "–"})` : "";
  return `${target.name}${target.number === null && version ? "" : version}${target.is_off ? ", off" : ""}`;
}
