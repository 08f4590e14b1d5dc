/** The canvas in words, for who does not see it: what is connected with what. */
import { useState } from "react";
import { allNodes, bodyOf, type Definition, type DefinitionConnection, isConditional } from "./definition";
import type { GraphProps } from "./Graph";

type NodesTableProps = Pick<GraphProps, "definition" | "marks" | "states" | "onSelect">;

/** Made when it is opened: while somebody types, or values stream in, it would be made again and again. */
export function NodesTable(props: NodesTableProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details className="twin" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>As a table</summary>
      {isOpen && <Nodes {...props} />}
    </details>
  );
}

function Nodes({ definition, marks, states, onSelect }: NodesTableProps) {
  const rows = rowsOf(definition);
  const isTold = Boolean(marks || states);
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <section className="table-box" tabIndex={0} aria-label="Nodes as a table">
        <table className="table">
          <caption className="hidden">Nodes and what they lead to</caption>
          <thead>
            <tr>
              <th scope="col">Node</th>
              <th scope="col">Type</th>
              <th scope="col">Takes</th>
              <th scope="col">Leads to</th>
              {isTold && <th scope="col">State</th>}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ path, type, takes, leads }) => (
              <tr key={path}>
                <th scope="row">
                  {onSelect ? (
                    <button type="button" className="button bare" onClick={() => onSelect(path)}>
                      {path}
                    </button>
                  ) : (
                    path
                  )}
                </th>
                <td>{type}</td>
                <td>{takes.join(", ")}</td>
                <td>{leads.join(", ")}</td>
                {isTold && <td>{marks?.[path] ?? states?.[path] ?? ""}</td>}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
}

interface Row {
  path: string;
  type: string;
  takes: string[];
  leads: string[];
}

function rowsOf(definition: Definition): Row[] {
  const levels = new Map<string, DefinitionConnection[]>([["", definition.connections ?? []]]);
  return allNodes(definition).map(({ path, within, node }) => {
    const body = bodyOf(node);
    if (body) levels.set(path, body.connections ?? []);
    const around = levels.get(within) ?? [];
    return {
      path,
      type: node.type,
      takes: around.filter(({ target }) => target === node.name).map(taken),
      leads: around.filter(({ source }) => source === node.name).map(led),
    };
  });
}

function taken(connection: DefinitionConnection): string {
  const { source, configuration } = connection;
  if (isConditional(connection)) return `a turn from ${source}`;
  const { sourceOutput, targetInput } = configuration?.data ?? {};
  return `${targetInput ?? "?"} from ${source}.${sourceOutput ?? "?"}`;
}

function led(connection: DefinitionConnection): string {
  const { target, configuration } = connection;
  const condition = configuration?.conditional?.condition;
  return condition ? `${target} (when ${condition})` : target;
}
