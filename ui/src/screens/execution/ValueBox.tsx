import { LongText } from "../../parts/LongText";
import { CopyButton } from "../../parts/simple";
import { count } from "../../parts/words";
import { written } from "./values";

export interface ValueBoxProps {
  name: string;
  type?: string | null;
  /** Where it came from. */
  origin?: string | null;
  /** Its JSON, or the start of that. */
  json: string;
  sizeChars?: number;
  onMore?: () => void;
}

/** A value that went in or out, with a way to see all of it. */
export function ValueBox({ name, type, origin, json, sizeChars, onMore }: ValueBoxProps) {
  const isWhole = sizeChars === undefined || json.length >= sizeChars;
  const { text, isText } = written(json, isWhole);
  return (
    <figure className="value-box">
      <figcaption>
        <code>{name}</code>
        {type && <small className="quiet">{type}</small>}
        {origin && <small className="quiet clip">from {origin}</small>}
        <span className="grow" />
        <CopyButton text={text} look="bare" />
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <pre className={isText ? "as-text" : undefined} tabIndex={0}>
        <LongText text={text} language={isText ? undefined : "json"} />
        {!isWhole && "…"}
      </pre>
      {!isWhole && onMore && (
        <button type="button" className="button bare" onClick={onMore}>
          More: {count(sizeChars)} characters
        </button>
      )}
    </figure>
  );
}
