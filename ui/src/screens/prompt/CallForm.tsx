import { type KeyboardEvent, type ReactNode, useState } from "react";
import { MessagesField } from "../../parts/MessagesField";
import { Button } from "../../parts/simple";
import type { Body } from "../../server";
import { variablesIn } from "../content/said";
import { asMessages } from "../logs/messages";
import { type Fields, firstFields, givenOf, shownNames } from "./call";
import { InputField } from "./InputField";
import type { useCall } from "./useCall";

export interface CallFormProps {
  /** What the version says. */
  prompt: Record<string, unknown>;
  target: string;
  /** What was given to the last call; null when there is none. */
  last: Body<"LogBody"> | null;
  call: ReturnType<typeof useCall>;
  /** Where the version is chosen. */
  children: ReactNode;
}

const EMPTY = { text: "", isJson: false };

/** With what to call it: a field for each variable of its template, and what is said after that. */
export function CallForm({ prompt, target, last, call, children }: CallFormProps) {
  const variables = variablesIn(prompt.template);
  const [fields, setFields] = useState<Fields>(() => firstFields([], last?.inputs));
  const [messages, setMessages] = useState<unknown[]>(() => asMessages(last?.messages));
  const [wrong, setWrong] = useState<{ name: string; problem: string } | null>(null);
  const names = shownNames(variables, fields);
  const start = () => {
    const given = givenOf(names, fields);
    setWrong("problem" in given ? given : null);
    if ("problem" in given) return;
    const said = hasMessages(prompt) ? (messages as Body<"ChatMessage">[]) : [];
    call.begin({ inputs: given.inputs as Body<"NewPromptCall">["inputs"], messages: said, target });
  };
  const press = (event: KeyboardEvent) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      if (!call.isRunning) start();
    }
  };
  return (
    <form
      className="stack"
      onKeyDown={press}
      onSubmit={(event) => {
        event.preventDefault();
        start();
      }}
    >
      {children}
      {names.map((name) => (
        <InputField
          key={name}
          name={name}
          field={fields[name] ?? EMPTY}
          problem={wrong?.name === name ? wrong.problem : undefined}
          onChange={(field) => {
            setFields({ ...fields, [name]: field });
            setWrong(null);
          }}
          onRemove={variables.includes(name) ? undefined : () => setFields(lacking(fields, name))}
        />
      ))}
      <AddInput onAdd={(name) => setFields({ [name]: { ...EMPTY, isAdded: true }, ...fields })} />
      {hasMessages(prompt) && (
        <MessagesField
          title="Messages"
          about="What is said after the template."
          value={messages}
          least={0}
          onChange={(said) => setMessages(said as unknown[])}
        />
      )}
      <div className="row wrap">
        {call.isRunning ? (
          // Two buttons, not one that changes: a click on Stop would submit what it has become.
          <Button key="stop" look="danger" onClick={call.stop}>
            Stop
          </Button>
        ) : (
          <Button key="call" look="main" type="submit">
            Call
          </Button>
        )}
        <span className="quiet">Ctrl + Enter calls it.</span>
      </div>
    </form>
  );
}

/** Whether anything can be said after its template. */
function hasMessages(prompt: Record<string, unknown>): boolean {
  return prompt.endpoint !== "complete";
}

function lacking(fields: Fields, name: string): Fields {
  const { [name]: _, ...rest } = fields;
  return rest;
}

/** Templates can use values in ways that are not seen in their text. */
function AddInput({ onAdd }: { onAdd: (name: string) => void }) {
  const [name, setName] = useState("");
  const add = () => {
    if (name.trim()) onAdd(name.trim());
    setName("");
  };
  return (
    <div className="row">
      <input
        className="input"
        aria-label="Another input"
        placeholder="Another input"
        value={name}
        onChange={(event) => setName(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || event.ctrlKey || event.metaKey) return;
          event.preventDefault();
          add();
        }}
      />
      <Button onClick={add} disabled={!name.trim()}>
        Add
      </Button>
    </div>
  );
}
