/** A gate while it is being written: all values are texts until it is sent. */
import type { GateSpec, Rule, WatchedRule } from "./gate";

export type RuleType = "score" | "errors" | "approval";

export interface RuleInput {
  type: RuleType;
  /** By the names of the members; what is measured on a dataset has one, else `logs`. */
  values: Record<string, string>;
}

export interface GateInput {
  rules: RuleInput[];
  /** Empty is no watch. */
  watchMinutes: string;
  watched: RuleInput[];
}

export interface FieldOf {
  name: string;
  label: string;
  isText?: boolean;
  /** The kind of file that it names by its path. */
  names?: string;
  isNeeded?: boolean;
}

const LIMITS: FieldOf[] = [
  { name: "min", label: "Not less than" },
  { name: "max", label: "Not more than" },
];

/** The inputs of each kind of rule, before a move and after it. */
export const FIELDS: Record<"rules" | "watched", Partial<Record<RuleType, FieldOf[]>>> = {
  rules: {
    score: [
      { name: "evaluator", label: "Evaluator", isText: true, names: "evaluator", isNeeded: true },
      { name: "logs", label: "On newest logs" },
      { name: "dataset", label: "or on dataset", isText: true, names: "dataset" },
      ...LIMITS,
      { name: "max_regression", label: "At most worse by" },
      { name: "min_judgments", label: "Judgments, at least" },
    ],
    errors: [
      { name: "logs", label: "Of newest logs", isNeeded: true },
      { name: "max_rate", label: "Error rate, at most", isNeeded: true },
      { name: "min_logs", label: "Logs, at least" },
    ],
    approval: [{ name: "by", label: "People who approve", isNeeded: true }],
  },
  watched: {
    score: [
      { name: "evaluator", label: "Evaluator", isText: true, names: "evaluator", isNeeded: true },
      ...LIMITS,
      { name: "min_judgments", label: "Judgments, at least" },
    ],
    errors: [
      { name: "max_rate", label: "Error rate, at most", isNeeded: true },
      { name: "min_logs", label: "Logs, at least" },
    ],
  },
};

export const NAMES: Record<RuleType, string> = { score: "Score", errors: "Errors", approval: "Approval" };

/** A new rule with values that make sense. */
export function newRule(type: RuleType, where: "rules" | "watched"): RuleInput {
  const values: Record<RuleType, Record<string, string>> = {
    score: where === "rules" ? { logs: "100", min: "0.8" } : { min: "0.8" },
    errors: where === "rules" ? { logs: "100", max_rate: "0.05" } : { max_rate: "0.05" },
    approval: { by: "1" },
  };
  return { type, values: values[type] };
}

export function inputOf(spec: GateSpec | null): GateInput {
  return {
    rules: (spec?.rules ?? []).map(ruleInput),
    watchMinutes: spec?.watch ? String(spec.watch.for_s / 60) : "",
    watched: (spec?.watch?.rules ?? []).map(ruleInput),
  };
}

function ruleInput(rule: Rule | WatchedRule): RuleInput {
  const { type, ...flat } = rule as Record<string, unknown> & { type: RuleType };
  const { on, ...own } = flat;
  const all = { ...own, ...(on as object | undefined) };
  const told = Object.entries(all).filter(([, value]) => value !== null && value !== undefined);
  return { type, values: Object.fromEntries(told.map(([name, value]) => [name, String(value)])) };
}

/** What is sent. Numbers that are none are sent as they are, so that the server says what is wrong. */
export function specOf(input: GateInput): GateSpec {
  const rules = input.rules.map((rule) => ruleOf(rule, "rules"));
  if (!input.watchMinutes.trim() && !input.watched.length) return { rules } as unknown as GateSpec;
  const seconds = Math.round(Number(input.watchMinutes) * 60);
  const watch = { for_s: seconds, rules: input.watched.map((rule) => ruleOf(rule, "watched")) };
  return { rules, watch } as unknown as GateSpec;
}

function ruleOf({ type, values }: RuleInput, where: "rules" | "watched"): Record<string, unknown> {
  const rule: Record<string, unknown> = { type };
  for (const { name, isText } of FIELDS[where][type] ?? []) {
    const text = values[name]?.trim();
    if (!text) continue;
    const value = isText || Number.isNaN(Number(text)) ? text : Number(text);
    const isOn = type === "score" && (name === "logs" || name === "dataset");
    if (!isOn) rule[name] = value;
    else if (name === "dataset") rule.on = { dataset: value };
    else rule.on ??= { logs: value };
  }
  return rule;
}
