/** The canvas in words, for who does not see it: what is connected with what. */
import { allNodes, bodyOf, type Definition, type DefinitionConnection, isConditional } from "./definition";
import type { GraphProps } from "./Graph";

export function NodesTable({ definition, marks, states, onSelect }: GraphProps) {
  const rows = rowsOf(definition);
  const isTold = Boolean(marks || states);
  return (
    <details className="twin">
      <summary>As a table</summary>
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
    </details>
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
