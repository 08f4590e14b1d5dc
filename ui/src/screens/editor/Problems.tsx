import { counted } from "../../parts/words";
import type { Editing } from "./useEditor";
import type { Finding } from "./useVerdict";

export interface ProblemsProps {
  findings: Finding[];
  enter?: Editing["enter"];
  /** Whether the server has spoken, so that no problem is good news. */
  isJudged?: boolean;
}

/** What the server finds wrong; each leads to its node. */
export function Problems({ findings, enter, isJudged = false }: ProblemsProps) {
  if (!findings.length) return isJudged ? <p className="tone-good">✓ Nothing is wrong with it.</p> : null;
  return (
    <section aria-label="Problems">
      <h3>{counted(findings.length, "problem")}</h3>
      <ul className="problems">
        {findings.map((one, index) => (
          <li
            key={`${one.message} ${index}`}
            className={one.severity === "Error" ? "is-error" : "is-warning"}
          >
            <span>
              <span className={one.severity === "Error" ? "tone-bad" : "tone-warn"}>
                {one.severity === "Error" ? "Error" : "Warning"}
              </span>{" "}
              {one.message}
            </span>
            {enter && one.node && (
              <button type="button" className="link" onClick={() => enter(one.within, one.node ?? undefined)}>
                Show {[...one.within, one.node].join(" › ")}
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
