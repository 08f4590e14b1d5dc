/** What differs in a graph: a card a node, and what became of the connections. */
import type { DefinitionConnection } from "../../canvas/definition";
import type { Tone } from "../../parts/simple";
import { counted } from "../../parts/words";
import {
  type ConnectionChange,
  type GraphEdit,
  markOf,
  type NodeChange,
  pathText,
  valueText,
} from "./difference";
import { EditView, Lines } from "./EditView";

export interface GraphChangesProps {
  graph: GraphEdit;
  /** The node that is looked at, by its name after. */
  selected?: string | null;
  onSelect?: (node: string) => void;
}

export function GraphChanges({ graph, selected, onSelect }: GraphChangesProps) {
  const nodes = graph.nodes ?? [];
  return (
    <div className="changes">
      {nodes.map((node) => (
        <NodeCard
          key={`${node.change} ${node.name}`}
          node={node}
          isSelected={selected === node.name}
          onSelect={onSelect}
        />
      ))}
      <Connections graph={graph} />
      {(graph.edits ?? []).map((edit) => (
        <section className="card node-card" key={`${edit.change} ${pathText(edit.path)}`}>
          <EditView edit={edit} />
        </section>
      ))}
      <Order graph={graph} />
    </div>
  );
}

const TONES: Record<string, Tone> = { added: "good", removed: "bad", changed: "warn", renamed: "warn" };

function NodeCard(props: { node: NodeChange; isSelected: boolean; onSelect?: (node: string) => void }) {
  const { node, isSelected, onSelect } = props;
  const mark = markOf(node);
  const was = node.change === "changed" && node.was !== node.name ? node.was : null;
  const edits = node.change === "changed" ? (node.edits ?? []) : [];
  const name = <strong>{node.name}</strong>;
  return (
    <section
      className={isSelected ? "card node-card here" : "card node-card"}
      aria-label={`${node.name}: ${mark}`}
    >
      <header className="row">
        {onSelect ? (
          <button type="button" className="button bare node-name" onClick={() => onSelect(node.name)}>
            {name}
          </button>
        ) : (
          name
        )}
        <span className="quiet type">{node.type}</span>
        {was && (
          <span className="quiet was">
            was <code>{was}</code>
          </span>
        )}
        <span className={`tag tone-${TONES[mark]}`}>{mark}</span>
      </header>
      {edits.map((edit) => (
        <EditView key={`${edit.change} ${pathText(edit.path)}`} edit={edit} />
      ))}
      {node.change !== "changed" && (
        <details>
          <summary className="quiet">The whole node</summary>
          <Lines sign={node.change === "added" ? "after" : "before"} text={valueText(node.node)} />
        </details>
      )}
    </section>
  );
}

const SIGNS: Record<string, string> = { added: "+", removed: "−", changed: "~" };

function joined(value: unknown): string {
  const { type, source, target, configuration } = value as DefinitionConnection;
  if (type === "Conditional")
    return `${source} → ${target} when ${configuration?.conditional?.condition ?? "?"}`;
  const { sourceOutput, targetInput } = configuration?.data ?? {};
  return `${source}.${sourceOutput ?? "?"} → ${target}.${targetInput ?? "?"}`;
}

function Connections({ graph }: { graph: GraphEdit }) {
  const changes = graph.connections ?? [];
  const relabelled = (graph.relabelled ?? []).filter((one) => !one.follows);
  if (!changes.length && !relabelled.length) return null;
  return (
    <section className="card node-card" aria-label="Connections">
      <header className="row">
        <strong>Connections</strong>
        <span className="quiet">{counted(changes.length + relabelled.length, "change")}</span>
      </header>
      <ul className="connections mono">
        {changes.map((one) => (
          <li key={`${one.change} ${one.name}`} className={one.change}>
            <span aria-hidden="true">{SIGNS[one.change]}</span> <ConnectionText change={one} />
          </li>
        ))}
        {relabelled.map((one) => (
          <li key={one.name} className="changed">
            <span aria-hidden="true">~</span> only the name: <del>{one.was}</del> <ins>{one.name}</ins>
          </li>
        ))}
      </ul>
    </section>
  );
}

function ConnectionText({ change }: { change: ConnectionChange }) {
  if (change.change !== "changed") return <span>{joined(change.connection)}</span>;
  return (
    <span>
      <del>{joined(change.before)}</del> <ins>{joined(change.after)}</ins>
      {!change.is_rewired && <span className="quiet"> (its settings differ)</span>}
    </span>
  );
}

/** What only stands elsewhere, which changes nothing that runs. */
function Order({ graph }: { graph: GraphEdit }) {
  const moved = graph.order?.length ?? 0;
  if (!moved) return null;
  return (
    <p className="quiet">
      {counted(moved, "node or connection", "nodes or connections")} stand elsewhere in the list.
    </p>
  );
}
