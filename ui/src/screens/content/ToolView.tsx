/** A tool: what a model is told of it, and how it is carried out. */

import { FileName } from "../../parts/FileName";
import { Chip } from "../../parts/simple";
import { TableBox } from "../../parts/TableBox";
import { Raw, Text } from "../logs/contents";
import { Attributes } from "./Reading";
import { type Said, type ToolSaid, toolOf } from "./said";

export function ToolView({ tool }: { tool: Said }) {
  const attributes = (tool.attributes ?? {}) as Said;
  return (
    <>
      {tool.function ? (
        <ToolCard tool={toolOf(tool.function)} />
      ) : (
        <p className="quiet">A model is told nothing of this tool.</p>
      )}
      {typeof tool.source_code === "string" && (
        <Text title="Source" text={tool.source_code} language="python" />
      )}
      {tool.setup_values ? <Raw title="What it is set up with" value={tool.setup_values} isOpen /> : null}
      {Object.keys(attributes).length > 0 && <Attributes said={attributes} />}
    </>
  );
}

export function ToolCard({ tool }: { tool: ToolSaid }) {
  return (
    <article className="card tool-card stack">
      <h4 className="row">
        {tool.file ? <FileName id={tool.file} /> : <code>{tool.name}</code>}
        {tool.onCall && <Chip>{tool.onCall} after a call</Chip>}
      </h4>
      {tool.about && <p>{tool.about}</p>}
      {tool.parameters.length > 0 && (
        <TableBox label="Parameters">
          <table className="table">
            <thead>
              <tr>
                <th>Parameter</th>
                <th>Type</th>
                <th>About</th>
              </tr>
            </thead>
            <tbody>
              {tool.parameters.map((one) => (
                <tr key={one.name}>
                  <td>
                    <code>{one.name}</code>
                    {!one.isRequired && <span className="quiet"> optional</span>}
                  </td>
                  <td>{one.type}</td>
                  <td>{one.about}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableBox>
      )}
    </article>
  );
}
