/** An evaluator: who judges, what a judgment is, and how it comes about. */
import { Text } from "../logs/contents";
import { PromptView } from "./PromptView";
import type { Said } from "./said";

const APART = new Set(["code", "prompt", "instructions", "options", "attributes"]);

export function EvaluatorView({ spec }: { spec: Said }) {
  const facts = Object.entries(spec).filter(([name, value]) => !APART.has(name) && value !== null);
  const options = Array.isArray(spec.options) ? (spec.options as { name: string; valence?: string }[]) : [];
  return (
    <>
      <dl className="log-facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name.replaceAll("_", " ")}</dt>
            <dd>{typeof value === "string" ? value.replaceAll("_", " ") : JSON.stringify(value)}</dd>
          </div>
        ))}
      </dl>
      {options.length > 0 && (
        <section>
          <h3>Options</h3>
          <ul>
            {options.map((one) => (
              <li key={one.name}>
                {one.name} {one.valence && <span className="quiet">{one.valence}</span>}
              </li>
            ))}
          </ul>
        </section>
      )}
      {typeof spec.instructions === "string" && <Text title="Instructions" text={spec.instructions} />}
      {typeof spec.code === "string" && <Text title="Code" text={spec.code} language="python" />}
      {spec.prompt ? <PromptView prompt={spec.prompt as Said} /> : null}
    </>
  );
}
