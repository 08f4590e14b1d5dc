/** A prompt or an agent: its template as a chat, what the model is asked with, its tools. */
import { FileName } from "../../parts/FileName";
import { Chip } from "../../parts/simple";
import { Messages } from "../logs/contents";
import { Attributes } from "./Reading";
import { parametersOf, type Said, toolOf, variablesIn } from "./said";
import { ToolCard } from "./ToolView";

export function PromptView({ prompt }: { prompt: Said }) {
  const variables = variablesIn(prompt.template);
  const tools = Array.isArray(prompt.tools) ? prompt.tools : [];
  const linked = Array.isArray(prompt.linked_tools) ? (prompt.linked_tools as string[]) : [];
  return (
    <>
      <dl className="log-facts">
        {parametersOf(prompt).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <Messages title="Template" messages={prompt.template} language="template" />
      {variables.length > 0 && (
        <p className="row wrap">
          <span className="quiet">Takes</span>
          {variables.map((name) => (
            <Chip key={name}>{name}</Chip>
          ))}
        </p>
      )}
      {tools.length + linked.length > 0 && (
        <section className="stack">
          <h3>Tools</h3>
          {tools.map(toolOf).map((tool, place) => (
            <ToolCard key={`${place} ${tool.name}`} tool={tool} />
          ))}
          {linked.map((id) => (
            <p key={id} className="card tool-card">
              <FileName id={id} />
            </p>
          ))}
        </section>
      )}
      {isSaid(prompt.attributes) && <Attributes said={prompt.attributes as Said} />}
    </>
  );
}

function isSaid(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length > 0;
}
