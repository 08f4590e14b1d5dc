/** The small parts that all screens are made of. */
import { type ReactNode, useEffect, useRef, useState } from "react";
import { Refusal } from "../server";
import "./parts.css";

export type Tone = "good" | "bad" | "warn" | "plain" | "busy";

export interface ButtonProps extends React.ButtonHTMLAttributes<HTMLButtonElement> {
  /** `main` is the one most likely wanted; `danger` takes something away; `bare` has no frame. */
  look?: "main" | "danger" | "bare";
}

export function Button({ look, className, type = "button", ...rest }: ButtonProps) {
  return <button type={type} className={["button", look, className].filter(Boolean).join(" ")} {...rest} />;
}

/** A version's number or the beginning of its id, as code. */
export function Chip({ children, title }: { children: ReactNode; title?: string }) {
  return (
    <span className="chip" title={title}>
      {children}
    </span>
  );
}

/** A state in a word. Its colour says it again. */
export function Badge({ tone, children }: { tone: Tone; children: ReactNode }) {
  return <span className={`badge tone-${tone}`}>{children}</span>;
}

export function Dot({ tone }: { tone: Tone }) {
  return <span className={`dot tone-${tone}`} aria-hidden="true" />;
}

/** What kind of file: `flow`, `prompt`, `tool`, `evaluator`, `dataset`, `agent`. */
export function Kind({ type }: { type: string }) {
  return <span className={`square ${type}`} title={type} aria-hidden="true" />;
}

/** Nothing is there: what to do about it. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="state">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** What failed, in the server's words, with what it says of each place. */
export function Failure({ error, again }: { error: Error; again?: () => void }) {
  const problems = error instanceof Refusal ? error.problems : [];
  const more = problems.filter((one) => one.message !== error.message);
  return (
    <div className="failure" role="alert">
      <span>{error.message}</span>
      {more.length > 0 && (
        <ul>
          {more.map((one) => (
            <li key={`${one.location?.join(".")} ${one.message}`}>
              {one.location && <code>{one.location.join(".")}</code>} {one.message}
            </li>
          ))}
        </ul>
      )}
      {again && (
        <Button look="bare" onClick={again}>
          Try again
        </Button>
      )}
    </div>
  );
}

export function Loading({ what = "Loading" }: { what?: string }) {
  return (
    <p className="loading" role="status">
      {what} …
    </p>
  );
}

/** Something to copy, such as a command. */
export function Copy({ text, label = "Copy" }: { text: string; label?: string }) {
  return (
    <div className="copy">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <pre tabIndex={0}>{text}</pre>
      <CopyButton text={text} label={label} />
    </div>
  );
}

export function CopyButton({ text, label = "Copy", look }: { text: string; label?: string; look?: "bare" }) {
  const [isDone, setDone] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setDone(true);
    window.setTimeout(() => setDone(false), 1500);
  };
  return (
    <Button look={look} onClick={copy} aria-live="polite">
      {isDone ? "Copied" : label}
    </Button>
  );
}

export interface FieldProps {
  name: string;
  about?: string;
  error?: string;
  children: ReactNode;
}

/** A named input; the name is its label. */
export function Field({ name, about, error, children }: FieldProps) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is the child
    <label className="field">
      <span className="name">{name}</span>
      {children}
      {about && <span className="about">{about}</span>}
      {error && (
        <span className="about tone-bad" role="alert">
          {error}
        </span>
      )}
    </label>
  );
}

export interface Tab {
  name: string;
  href: string;
  isHere: boolean;
}

export function Tabs({ label, tabs }: { label: string; tabs: Tab[] }) {
  const row = useRef<HTMLElement>(null);
  const here = tabs.find((tab) => tab.isHere)?.name;
  // Where there is no room for all, the one that is shown is in sight.
  useEffect(() => {
    const shown = here && row.current?.querySelector("[aria-current]");
    if (shown) shown.scrollIntoView({ block: "nearest", inline: "center" });
  }, [here]);
  return (
    <nav ref={row} className="tabs" aria-label={label}>
      {tabs.map((tab) => (
        <a key={tab.name} href={tab.href} aria-current={tab.isHere ? "page" : undefined}>
          {tab.name}
        </a>
      ))}
    </nav>
  );
}

/** A share between 0 and 1 as a bar and a number. */
export function Score({ value }: { value: number | null }) {
  if (value === null) return <span className="quiet">–</span>;
  return (
    <span className="score">
      <svg viewBox="0 0 46 5" aria-hidden="true">
        <rect className="ground" width="46" height="5" rx="2.5" />
        <rect className="value" width={Math.max(0, Math.min(1, value)) * 46} height="5" rx="2.5" />
      </svg>
      <span className="number">{value.toFixed(2)}</span>
    </span>
  );
}
