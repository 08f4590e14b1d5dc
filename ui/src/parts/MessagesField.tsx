/** Messages of a chat, as of a prompt's template, each with who says it; or its only text. */
import { Button } from "./simple";
import { Told } from "./Told";
import "./groups.css";

const ROLES = ["system", "user", "assistant"];

interface Message {
  role: string;
  content?: unknown;
}

export interface MessagesFieldProps {
  title: string;
  about?: string;
  value: unknown;
  isReadOnly?: boolean;
  /** How many there must be. */
  least?: number;
  onChange: (value: unknown) => void;
}

export function MessagesField(props: MessagesFieldProps) {
  const { title, about, value, isReadOnly = false, least = 1, onChange } = props;
  const messages: Message[] = Array.isArray(value) ? value : [{ role: "user", content: value ?? "" }];
  const put = (place: number, changed: Message) =>
    onChange(messages.map((one, at) => (at === place ? changed : one)));
  return (
    <fieldset className="group">
      <legend>{title}</legend>
      {about && (
        <p className="quiet about">
          <Told text={about} />
        </p>
      )}
      {messages.map((one, place) => (
        <div key={place} className="stack message-line">
          <div className="row">
            <select
              className="input role"
              aria-label={`Who says message ${place + 1}`}
              value={one.role}
              disabled={isReadOnly}
              onChange={(event) => put(place, { ...one, role: event.target.value })}
            >
              {[...new Set([...ROLES, one.role])].map((role) => (
                <option key={role}>{role}</option>
              ))}
            </select>
            <span className="grow" />
            {!isReadOnly && messages.length > least && (
              <Button
                look="bare"
                aria-label={`Remove message ${place + 1}`}
                onClick={() => onChange(messages.filter((_, at) => at !== place))}
              >
                ✕
              </Button>
            )}
          </div>
          <Content one={one} place={place} isReadOnly={isReadOnly} put={put} />
        </div>
      ))}
      {!isReadOnly && (
        <Button onClick={() => onChange([...messages, { role: "user", content: "" }])}>Add a message</Button>
      )}
    </fieldset>
  );
}

interface ContentProps {
  one: Message;
  place: number;
  isReadOnly: boolean;
  put: (place: number, changed: Message) => void;
}

function Content({ one, place, isReadOnly, put }: ContentProps) {
  const isText = typeof one.content === "string" || one.content === null || one.content === undefined;
  const text = isText ? ((one.content as string) ?? "") : JSON.stringify(one.content, null, 2);
  return (
    <textarea
      className="input code"
      aria-label={`Message ${place + 1}`}
      rows={Math.min(20, Math.max(3, text.split("\n").length + 1))}
      value={text}
      readOnly={isReadOnly || !isText}
      onChange={(event) => put(place, { ...one, content: event.target.value })}
    />
  );
}
