/** What logs and prompts hold, in the form in which people read it: messages as a chat, inputs by name, JSON. */
import { useState } from "react";
import type { Language } from "../../parts/highlight";
import { LongText } from "../../parts/LongText";
import { CopyButton } from "../../parts/simple";
import "./contents.css";
import { asMessages, asText, type Part, partsOf, type Said, toolCallsOf } from "./messages";

interface TextProps {
  title: string;
  text: string;
  tone?: "bad";
  language?: Language;
}

export function Text({ title, text, tone, language }: TextProps) {
  return (
    <section>
      <h3>{title}</h3>
      <pre className={tone ? `text-box tone-${tone}` : "text-box"}>
        <LongText text={text || "(nothing)"} language={language} />
      </pre>
    </section>
  );
}

/** Inputs by their names. */
export function Inputs({ inputs, title = "Inputs" }: { inputs: unknown; title?: string }) {
  if (typeof inputs !== "object" || inputs === null || Object.keys(inputs).length === 0) return null;
  return (
    <section>
      <h3>{title}</h3>
      <dl className="named">
        {Object.entries(inputs).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <pre className="text-box">
                <LongText text={asText(value)} />
              </pre>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

interface MessagesProps {
  messages: unknown;
  title?: string;
  /** What their texts are written in, if they are a template. */
  language?: Language;
}

export function Messages({ messages, title = "Messages", language }: MessagesProps) {
  const said = asMessages(messages);
  if (said.length === 0) return null;
  return (
    <section>
      <h3>{title}</h3>
      <ol className="chat">
        {said.map((one, place) => (
          <li key={place}>
            <Message message={one} language={language} />
          </li>
        ))}
      </ol>
    </section>
  );
}

export function Message({ message, language }: { message: unknown; language?: Language }) {
  const said = message as Said;
  const role = said.role ?? "assistant";
  return (
    <article className={`message ${role}`}>
      <h4>
        {role}
        {said.name && <span className="quiet"> {said.name}</span>}
        {said.tool_call_id && <span className="quiet"> answers {said.tool_call_id}</span>}
      </h4>
      {partsOf(said).map((part, place) => (
        <PartView key={place} part={part} language={language} />
      ))}
      {toolCallsOf(said).map((call) => (
        <div key={call.id} className="tool-call">
          <span className="quiet">calls</span> <code>{call.name}</code>
          <pre className="text-box">
            <LongText text={call.text} language="json" />
          </pre>
        </div>
      ))}
    </article>
  );
}

/** Pictures are named and not shown: no page of ours asks other servers for anything. */
function PartView({ part, language }: { part: Part; language?: Language }) {
  if (part.kind === "text")
    return (
      <p className="said">
        <LongText text={part.text} language={language} />
      </p>
    );
  return (
    <p className="quiet">
      {part.kind}: <code className="clip">{part.text.slice(0, 120)}</code>
    </p>
  );
}

/** JSON that is written out only where it is wanted. */
export function Raw({ title, value, isOpen = false }: { title: string; value: unknown; isOpen?: boolean }) {
  const [isShown, setShown] = useState(isOpen);
  return (
    <details className="raw" open={isShown} onToggle={(event) => setShown(event.currentTarget.open)}>
      <summary>{title}</summary>
      {isShown && <Written text={JSON.stringify(value, null, 2)} />}
    </details>
  );
}

function Written({ text }: { text: string }) {
  return (
    <div className="raw-in">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <pre className="text-box" tabIndex={0}>
        <LongText text={text} language="json" />
      </pre>
      <CopyButton text={text} look="bare" />
    </div>
  );
}
