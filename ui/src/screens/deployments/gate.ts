/** Gates as they are sent, and in words. */
import type { Body } from "../../server";

export type GateSpec = Body<"GateSpec">;
export type Rule = NonNullable<GateSpec["rules"]>[number];
export type Watch = NonNullable<GateSpec["watch"]>;
export type WatchedRule = Watch["rules"][number];

/** Whether somebody must approve. */
export function needsApproval(spec: GateSpec): boolean {
  return (spec.rules ?? []).some((rule) => rule.type === "approval");
}

/** Each rule of a gate as a sentence. */
export function sentences(spec: GateSpec): string[] {
  const rules = (spec.rules ?? []).map(sentence);
  const watch = spec.watch;
  if (!watch) return rules;
  const watched = watch.rules.map(limits).join(", ");
  return [...rules, `After a move, for ${seconds(watch.for_s)}: rolled back by itself unless ${watched}`];
}

export function sentence(rule: Rule): string {
  if (rule.type === "approval") {
    return rule.by === 1 ? "Somebody else has approved it" : `${rule.by} others have approved it`;
  }
  if (rule.type === "errors") {
    const least = rule.min_logs && rule.min_logs > 1 ? ` (of at least ${rule.min_logs})` : "";
    return `${limits(rule)} of its newest ${rule.logs} logs${least}`;
  }
  const { dataset, logs } = rule.on;
  const on = dataset ? `on ${dataset}` : `of its newest ${logs} logs`;
  const worse = rule.max_regression == null ? "" : `, at most ${rule.max_regression} worse than what is live`;
  const least = (rule.min_judgments ?? 1) > 1 ? ` (at least ${rule.min_judgments} judgments)` : "";
  return `${limits(rule)} ${on}${worse}${least}`;
}

function limits(rule: Rule | WatchedRule): string {
  if (rule.type === "approval") return "";
  if (rule.type === "errors") return `at most ${Number(rule.max_rate) * 100}% errors`;
  const parts = [rule.min == null ? null : `≥ ${rule.min}`, rule.max == null ? null : `≤ ${rule.max}`].filter(
    Boolean,
  );
  return `${rule.evaluator} ${parts.join(" and ") || "is no worse"}`;
}

/** A span of time in the largest unit that it is a whole number of. */
export function seconds(span: number): string {
  for (const [unit, size] of [
    ["day", 86_400],
    ["hour", 3600],
    ["minute", 60],
  ] as const) {
    if (span % size === 0) return `${span / size} ${unit}${span === size ? "" : "s"}`;
  }
  return `${span} seconds`;
}
