/** A content that was loaded, in the form of its kind. */

import { to } from "../../address";
import { LongText } from "../../parts/LongText";
import type { Body } from "../../server";
import { Raw } from "../logs/contents";
import { Datapoints } from "./Datapoints";
import { EvaluatorView } from "./EvaluatorView";
import { PromptView } from "./PromptView";
import { type Said, textOf } from "./said";
import { ToolView } from "./ToolView";
import "./content.css";

export function Reading({ content }: { content: Body<"ContentBody"> }) {
  const said = (content.content ?? {}) as Said;
  return (
    <div className="stack content-view">
      {content.description && <p className="quiet">{content.description}</p>}
      {content.file.type === "evaluator" && (
        <p>
          <a className="link" href={to(["evaluators", content.file.id])}>
            Change it, try it, attach it
          </a>
        </p>
      )}
      <Kinds type={content.file.type} said={said} version={content.version_id} />
      <Raw title="As JSON" value={said} />
    </div>
  );
}

interface KindsProps {
  type: string;
  said: Said;
  version: string;
}

function Kinds({ type, said, version }: KindsProps) {
  if (type === "prompt" || type === "agent") return <PromptView prompt={said} />;
  if (type === "tool") return <ToolView tool={said} />;
  if (type === "evaluator") return <EvaluatorView spec={said} />;
  if (type === "dataset") return <Datapoints version={version} />;
  return <Attributes said={said} />;
}

/** What its author wrote, name by name. */
export function Attributes({ said, title = "Attributes" }: { said: Said; title?: string }) {
  const names = Object.keys(said);
  if (names.length === 0) return <p className="quiet">Nothing is said.</p>;
  return (
    <section>
      <h3>{title}</h3>
      <dl className="named">
        {names.map((name) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <pre className="text-box">
                <LongText text={textOf(said[name])} />
              </pre>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
