/** What an evaluator found, in as little room as it takes. */
import { Badge } from "../../parts/simple";
import { count } from "../../parts/words";
import type { LogRow } from "./pages";

export type Judgment = LogRow["judgments"][number];

export function Verdict({ judgment }: { judgment: Judgment }) {
  if (judgment.error !== null) {
    return (
      <span title={judgment.error}>
        <Badge tone="bad">failed</Badge>
      </span>
    );
  }
  return <JudgmentValue value={judgment.judgment} />;
}

export function JudgmentValue({ value }: { value: unknown }) {
  if (value === true) return <Badge tone="good">✓ yes</Badge>;
  if (value === false) return <Badge tone="bad">✗ no</Badge>;
  if (value === null || value === undefined) return <span className="quiet">–</span>;
  if (typeof value === "number") return <span className="number">{count(value)}</span>;
  const text = Array.isArray(value) ? value.join(", ") : String(value);
  return (
    <span className="clip verdict-text" title={text}>
      {text || "none"}
    </span>
  );
}

/** The newest judgment of an evaluator, with how many there are. */
export function Verdicts({ row, evaluator }: { row: LogRow; evaluator: string }) {
  const found = row.judgments.filter((one) => one.evaluator_id === evaluator);
  const last = found.at(-1);
  if (!last) return <span className="quiet">–</span>;
  return (
    <span className="row">
      <Verdict judgment={last} />
      {found.length > 1 && (
        <span className="quiet" title={`${found.length} judgments`}>
          +{found.length - 1}
        </span>
      )}
    </span>
  );
}
