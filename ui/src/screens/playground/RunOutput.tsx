import { useState } from "react";
import { type Address, to } from "../../address";
import { LongText } from "../../parts/LongText";
import { Badge, Button, CopyButton, type Tone } from "../../parts/simple";
import { duration } from "../../parts/words";
import type { Body } from "../../server";
import { shown } from "./inputs";
import type { Live, LiveStatus } from "./live";
import type { useRun } from "./useRun";

const STATES: Record<LiveStatus, { word: string; tone: Tone }> = {
  running: { word: "Running", tone: "busy" },
  asks: { word: "Waits for your answer", tone: "warn" },
  done: { word: "Succeeded", tone: "good" },
  failed: { word: "Failed", tone: "bad" },
  stopped: { word: "Stopped", tone: "plain" },
};

export interface RunOutputProps {
  form: Body<"RunForm">;
  run: ReturnType<typeof useRun>;
  target: string | null;
  address: Address;
}

/** What has come out so far, what is asked, and how it ended. */
export function RunOutput({ form, run, target, address }: RunOutputProps) {
  const { live } = run;
  const waiting = address.query.get("execution");
  const reply = (text: string, execution: string) =>
    run.run({ input: text, target: form.chosen?.ref ?? target, execution });
  const name = live?.began?.name ?? waiting;
  return (
    <section className="run-output" aria-label="What came out" aria-live="polite">
      {live && <RunState live={live} file={form.file_id} />}
      {live?.outputs.map((output, place) => (
        <figure className="value-box" key={place}>
          <figcaption>
            <code>{output.node}</code>
            <span className="grow" />
            <CopyButton text={shown(output.value)} look="bare" />
          </figcaption>
          <pre className={typeof output.value === "string" ? "as-text" : undefined}>
            <LongText
              text={shown(output.value)}
              language={typeof output.value === "string" ? undefined : "json"}
            />
          </pre>
        </figure>
      ))}
      {live?.error && <p className="failure">{live.error}</p>}
      {live?.question && !run.isRunning && name && (
        <Answer
          question={shown(live.question.value)}
          node={live.question.node}
          onAnswer={(text) => reply(text, name)}
        />
      )}
      {!live && waiting && (
        <Answer question="It waits for an answer." node={waiting} onAnswer={(text) => reply(text, waiting)} />
      )}
      {!live && !waiting && !run.error && (
        <p className="quiet">What comes out is shown here as it comes. The nodes light up as they run.</p>
      )}
    </section>
  );
}

function RunState({ live, file }: { live: Live; file: string }) {
  const { word, tone } = STATES[live.status];
  const tookNs =
    live.startedNs && live.lastNs && live.status !== "running" ? live.lastNs - live.startedNs : null;
  return (
    <p className="row wrap">
      <Badge tone={tone}>{word}</Badge>
      {tookNs !== null && <span className="number">{duration(tookNs / 1e9)}</span>}
      {live.began && (
        <a className="link" href={to(["f", file, "executions", live.began.id])}>
          See its steps
        </a>
      )}
    </p>
  );
}

interface AnswerProps {
  question: string;
  node: string;
  onAnswer: (text: string) => void;
}

function Answer({ question, node, onAnswer }: AnswerProps) {
  const [text, setText] = useState("");
  return (
    <form
      className="answer stack"
      onSubmit={(event) => {
        event.preventDefault();
        onAnswer(text);
      }}
    >
      <label className="field">
        <span>
          <strong>{node}</strong> asks: {question}
        </span>
        <input
          className="input"
          value={text}
          // biome-ignore lint/a11y/noAutofocus: the run waits for just this
          autoFocus
          onChange={(event) => setText(event.target.value)}
        />
      </label>
      <div>
        <Button look="main" type="submit" disabled={text === ""}>
          Answer
        </Button>
      </div>
    </form>
  );
}
