/** The canvas in words, for who does not see it: what is connected with what. */
import type { GraphProps } from "./Graph";

export function NodesTable({ definition, marks, states, onSelect }: GraphProps) {
  const connections = definition.connections ?? [];
  return (
    <details className="twin">
      <summary>As a table</summary>
      <div className="table-box">
        <table className="table">
          <caption className="hidden">Nodes and what they lead to</caption>
          <thead>
            <tr>
              <th scope="col">Node</th>
              <th scope="col">Type</th>
              <th scope="col">Leads to</th>
              {(marks || states) && <th scope="col">State</th>}
            </tr>
          </thead>
          <tbody>
            {(definition.nodes ?? []).map(({ name, type }) => (
              <tr key={name}>
                <th scope="row">
                  {onSelect ? (
                    <button type="button" className="button bare" onClick={() => onSelect(name)}>
                      {name}
                    </button>
                  ) : (
                    name
                  )}
                </th>
                <td>{type}</td>
                <td>
                  {connections
                    .filter(({ source }) => source === name)
                    .map(({ target, configuration }) => {
                      const condition = configuration?.conditional?.condition;
                      return condition ? `${target} (when ${condition})` : target;
                    })
                    .join(", ")}
                </td>
                {(marks || states) && <td>{marks?.[name] ?? states?.[name] ?? ""}</td>}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
