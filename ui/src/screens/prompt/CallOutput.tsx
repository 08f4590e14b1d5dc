import { to } from "../../address";
import { Badge, CopyButton, Failure, type Tone } from "../../parts/simple";
import { count, duration, money } from "../../parts/words";
import type { Body } from "../../server";
import { Message } from "../logs/contents";
import { type Call, type CallStatus, messageOf } from "./call";

const STATES: Record<CallStatus, { word: string; tone: Tone }> = {
  running: { word: "Answers", tone: "busy" },
  done: { word: "Answered", tone: "good" },
  failed: { word: "Failed", tone: "bad" },
  stopped: { word: "Stopped", tone: "plain" },
};

export interface CallOutputProps {
  call: Call | null;
  error: Error | null;
}

/** What the model has said so far, what it took, and where all of it is kept. */
export function CallOutput({ call, error }: CallOutputProps) {
  const message = call && messageOf(call);
  return (
    <section className="stack call-output" aria-label="What came out" aria-live="polite">
      {error && <Failure error={error} />}
      {!call && !error && <p className="quiet">The answer is shown here as it comes. It is kept as a log.</p>}
      {call && <State call={call} />}
      {message && <Message message={message} />}
      {call?.error && <p className="failure">{call.error}</p>}
      {call?.answer && <Facts answer={call.answer} />}
    </section>
  );
}

function State({ call }: { call: Call }) {
  const { word, tone } = STATES[call.status];
  return (
    <p className="row wrap">
      <Badge tone={tone}>{word}</Badge>
      {call.log && call.status !== "running" && (
        <a className="link" href={to(["logs", call.log])}>
          See its log
        </a>
      )}
      <span className="grow" />
      {call.text !== "" && <CopyButton text={call.text} label="Copy the answer" look="bare" />}
    </p>
  );
}

function Facts({ answer }: { answer: Body<"PromptAnswered"> }) {
  const { latency_s, input_tokens, output_tokens, cost_usd, finish_reason } = answer;
  const hasTokens = typeof input_tokens === "number" || typeof output_tokens === "number";
  const facts: [string, string | null][] = [
    ["Latency", typeof latency_s === "number" ? duration(latency_s) : null],
    ["Tokens", hasTokens ? `${count(input_tokens ?? 0)} in, ${count(output_tokens ?? 0)} out` : null],
    ["Cost", typeof cost_usd === "number" ? money(cost_usd) : null],
    ["Ended by", finish_reason ?? null],
  ];
  return (
    <dl className="log-facts">
      {facts
        .filter(([, said]) => said !== null)
        .map(([name, said]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{said}</dd>
          </div>
        ))}
    </dl>
  );
}
