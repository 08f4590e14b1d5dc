/** What the server is: read only, for all of it is set by its environment. */

import { useState } from "react";
import { Badge, Chip, Empty } from "../../parts/simple";
import { TableBox } from "../../parts/TableBox";
import { count } from "../../parts/words";
import type { Facts } from "./Settings";

const CONTENT: Record<string, string> = {
  all: "events with their values",
  metadata: "events without values",
  none: "no events, only that they ran",
};

export function ServerFacts({ facts }: { facts: Facts }) {
  const { retention } = facts;
  const rows: [string, React.ReactNode][] = [
    ["Version", facts.version],
    ["Organisation", <code key="account">{facts.account}</code>],
    ["Region of its ARNs", <code key="region">{facts.region}</code>],
    ["Store", facts.store === "memory" ? "memory: all of it is lost at the end" : facts.store],
    ["Who may use it", facts.is_open ? "anybody on this machine: there are no keys" : "who has a key"],
    ["Ended runs are kept", retention.runs_days ? `for ${count(retention.runs_days)} days` : "for ever"],
    ["What is kept of runs", CONTENT[retention.content] ?? retention.content],
    ["Code runs in the sandbox", facts.sandbox],
    ["Executions in the background", facts.has_background ? "are carried out" : "are left to others"],
  ];
  return (
    <div className="stack">
      <dl className="server-facts card">
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <Providers facts={facts} />
      <Limits facts={facts} />
    </div>
  );
}

function Providers({ facts }: { facts: Facts }) {
  return (
    <section className="stack" aria-label="Providers">
      <h2>Providers of models</h2>
      {facts.providers.length === 0 ? (
        <Empty title="No model can be reached">
          <p>
            Name providers and routes in <code>headrace.toml</code>, and start the server again. This sends
            all models to one that only repeats what it is told:
          </p>
          <pre>{'[[models.route]]\nmatch = "*"\nprovider = "echo"'}</pre>
        </Empty>
      ) : (
        <TableBox label="Providers" className="card">
          <table className="table">
            <thead>
              <tr>
                <th scope="col">Provider</th>
                <th scope="col">Kind</th>
                <th scope="col">Answers for</th>
              </tr>
            </thead>
            <tbody>
              {facts.providers.map((one) => (
                <tr key={one.name}>
                  <td>
                    <strong>{one.name}</strong>
                  </td>
                  <td>{one.kind}</td>
                  <td>
                    <span className="row wrap">
                      {one.models.map((match) => (
                        <Chip key={match}>{match}</Chip>
                      ))}
                      {one.models.length === 0 && (
                        <span className="quiet">nothing: no route leads there</span>
                      )}
                    </span>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableBox>
      )}
    </section>
  );
}

function Limits({ facts }: { facts: Facts }) {
  const [search, setSearch] = useState("");
  const wanted = search.trim().toLowerCase();
  const shown = facts.limits.filter(
    (one) => !wanted || `${one.variable} ${one.meaning}`.toLowerCase().includes(wanted),
  );
  return (
    <section className="stack" aria-label="Limits">
      <div className="row wrap">
        <h2 className="grow">Limits</h2>
        <input
          className="input search-limits"
          type="search"
          aria-label="Search limits"
          placeholder="Search limits"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
      </div>
      <TableBox label="Limits" className="card">
        <table className="table limits">
          <thead>
            <tr>
              <th scope="col">Variable</th>
              <th scope="col" className="number">
                Value
              </th>
              <th scope="col">What it is for</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((one) => (
              <tr key={one.variable}>
                <td className="mono">{one.variable}</td>
                <td className="number">
                  {count(one.value)} <span className="quiet">{one.unit}</span>
                  {one.value !== one.default && (
                    <>
                      {" "}
                      <Badge tone="busy">changed</Badge>
                    </>
                  )}
                </td>
                <td>{one.meaning}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableBox>
      {shown.length === 0 && <p className="quiet">No limit has “{search}” in it.</p>}
    </section>
  );
}
