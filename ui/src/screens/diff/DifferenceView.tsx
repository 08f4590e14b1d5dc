/** All that differs between two contents: of graphs node by node, of other files member by member. */
import { counted } from "../../parts/words";
import { connectionCounts, type Difference, graphEdit, pathText } from "./difference";
import "./diff.css";
import { EditView } from "./EditView";
import { GraphChanges } from "./GraphChanges";

export interface DifferenceViewProps {
  difference: Difference;
  selected?: string | null;
  onSelect?: (node: string) => void;
}

export function DifferenceView({ difference, selected, onSelect }: DifferenceViewProps) {
  const graph = graphEdit(difference);
  const others = difference.edits.filter((edit) => edit !== graph);
  if (difference.is_empty) return <p className="quiet">Both say the same.</p>;
  return (
    <div className="difference">
      <HowMuch difference={difference} />
      {graph && <GraphChanges graph={graph} selected={selected} onSelect={onSelect} />}
      {others.map((edit) => (
        <section className="card node-card" key={`${edit.change} ${pathText(edit.path)}`}>
          <EditView edit={edit} />
        </section>
      ))}
      <Datapoints difference={difference} />
    </div>
  );
}

/** How much differs, as a line; of graphs with the numbers of connections in colour. */
export function HowMuch({ difference }: { difference: Difference }) {
  const graph = graphEdit(difference);
  if (!graph) return <p className="quiet">{difference.line}</p>;
  const nodes = graph.nodes?.length ?? 0;
  const { added, removed, changed } = connectionCounts(graph);
  return (
    <p className="quiet" title={difference.line}>
      {counted(nodes, "node differs", "nodes differ")}
      {(added > 0 || removed > 0 || changed > 0) && (
        <>
          {" · "}
          {added > 0 && <span className="tone-good">+{added} </span>}
          {removed > 0 && <span className="tone-bad">−{removed} </span>}
          {changed > 0 && <span className="tone-warn">~{changed} </span>}
          {added + removed + changed === 1 ? "connection" : "connections"}
        </>
      )}
    </p>
  );
}

const MOST = 50;

function Datapoints({ difference }: { difference: Difference }) {
  const found = difference.datapoints;
  if (!found || (!found.added.length && !found.removed.length)) return null;
  const ids = [...found.removed.map((id) => ["−", id]), ...found.added.map((id) => ["+", id])];
  return (
    <section className="card node-card" aria-label="Datapoints">
      <header className="row">
        <strong>Datapoints</strong>
        <span className="quiet">
          {counted(found.added.length, "new one", "new ones")},{" "}
          {counted(found.removed.length, "gone", "gone")}, {counted(found.kept, "in both", "in both")}
        </span>
      </header>
      <ul className="connections mono">
        {ids.slice(0, MOST).map(([sign, id]) => (
          <li key={id} className={sign === "+" ? "added" : "removed"}>
            <span aria-hidden="true">{sign}</span> {id}
          </li>
        ))}
        {ids.length > MOST && <li>… and {ids.length - MOST} more</li>}
      </ul>
    </section>
  );
}
