import type { Body } from "../../server";

/** What an evaluator found, as a word: its name and its judgment. */
export function ScoreChip({ score }: { score: Body<"LogScore"> }) {
  const name = score.evaluator?.split("/").pop() ?? "evaluator";
  const value = score.has_error ? "failed" : wordOf(score.judgment);
  const tone =
    score.has_error || score.judgment === false ? "bad" : score.judgment === true ? "good" : "plain";
  return (
    <span className={`badge score-chip tone-${tone}`} title={`${score.evaluator ?? name}: ${value}`}>
      {name} {value}
    </span>
  );
}

export function wordOf(judgment: unknown): string {
  if (judgment === true) return "✓ yes";
  if (judgment === false) return "✗ no";
  if (judgment === null || judgment === undefined) return "–";
  if (typeof judgment === "number") return String(Math.round(judgment * 1000) / 1000);
  return typeof judgment === "string" ? judgment : JSON.stringify(judgment);
}
