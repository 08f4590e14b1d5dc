/** What would come of a change: what is live before and after, what differs, and what the gate says. */
import { aimed } from "../../parts/versions";
import { percent } from "../../parts/words";
import type { Body } from "../../server";
import { DifferenceView } from "../diff/DifferenceView";
import type { Choice } from "./acts";

type Moved = Body<"MovedBody">;
type Aim = Moved["before"];

export function Rehearsal({ choice, would }: { choice: Choice; would: Moved }) {
  if (!would.is_new) {
    return <p role="status">It is so already: {choice.pointer} would not change.</p>;
  }
  const isSwitch = choice.act === "switch";
  return (
    <section className="stack rehearsal" aria-label="What would come of it">
      <p className="row wrap">
        <strong>{choice.pointer}</strong>
        {isSwitch ? (
          <span>would be {choice.isOff ? "switched off" : "switched on"}</span>
        ) : (
          <>
            <AimText aim={would.before} />
            <span aria-hidden="true">→</span>
            <span className="hidden">becomes</span>
            <AimText aim={would.after} />
          </>
        )}
      </p>
      {!isSwitch && (
        <VerdictView verdict={would.verdict} aims={[would.after, would.before, ...would.after.shares]} />
      )}
      {would.difference && (
        <details open={would.difference.edits.length > 0}>
          <summary>What differs</summary>
          <div className="rehearsed-diff">
            <DifferenceView difference={would.difference} />
          </div>
        </details>
      )}
    </section>
  );
}

/** What is targeted, with its split. */
export function AimText({ aim }: { aim: Aim }) {
  const sum = aim.shares.reduce((all, one) => all + one.weight, 0);
  if (aim.shares.length === 0) return <span className="chip">{aimed(aim)}</span>;
  return (
    <span className="row wrap">
      {aim.shares.map((one) => (
        <span key={one.version_id} className="chip">
          {aimed(one)} {percent(sum ? one.weight / sum : 0)}
        </span>
      ))}
    </span>
  );
}

interface Finding {
  rule: string;
  is_passed: boolean;
  says: string;
}

export interface VerdictViewProps {
  verdict: Body<"VerdictBody">;
  /** What is called by its number where the verdict names it by its id. */
  aims?: { version_id: string | null; number: number | null; target?: string | null }[];
}

/** What a gate says, with all reasons and figures. */
export function VerdictView({ verdict, aims = [] }: VerdictViewProps) {
  if (!verdict.has_gate) return <p className="quiet">There is no gate here.</p>;
  const named = (text: string) =>
    aims.reduce((said, aim) => {
      const id = aim.version_id;
      return id ? said.replaceAll(`version ${id}`, aimed(aim)).replaceAll(id, aimed(aim)) : said;
    }, text);
  const findings = Object.values(verdict.figures as Record<string, Finding[]>).flat();
  const isTold = findings.length > 0 && findings.every((one) => typeof one?.says === "string");
  return (
    <div className={verdict.is_open ? "verdict open" : "verdict closed"}>
      <strong>{verdict.is_open ? "The gate is open" : "The gate is closed"}</strong>
      <ul>
        {isTold
          ? findings.map((one) => (
              <li key={`${one.rule} ${one.says}`} className={one.is_passed ? "passed" : "missed"}>
                <span aria-hidden="true">{one.is_passed ? "✓" : "✗"}</span>{" "}
                <span className="hidden">{one.is_passed ? "met: " : "not met: "}</span>
                {named(one.says)}
              </li>
            ))
          : verdict.reasons.map((reason) => <li key={reason}>{named(reason)}</li>)}
      </ul>
    </div>
  );
}

/** What was done, in a sentence. */
export function outcome(choice: Choice, moved: Moved): string {
  const { pointer } = choice;
  if (choice.act === "switch") return `${pointer} is switched ${choice.isOff ? "off" : "on"}.`;
  if (choice.act === "take-away") return `Nothing is live in ${pointer} any more.`;
  if (choice.act === "split" && moved.after.shares.length) return `The calls of ${pointer} are split.`;
  return `${pointer} is now at ${aimed(moved.after)}.`;
}
