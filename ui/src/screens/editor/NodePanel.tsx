/** Everything about one node: its name, what is wrong with it, its settings, ports and connections. */
import type { DefinitionNode } from "../../canvas/definition";
import { Button } from "../../parts/simple";
import type { Body } from "../../server";
import { ConnectForm } from "./ConnectForm";
import { renameNode } from "./model/edits";
import type { Schema, Values } from "./model/form";
import { setSettings, settingsOf } from "./model/settings";
import { NameField } from "./NameField";
import { PortsForm } from "./PortsForm";
import { Problems } from "./Problems";
import { Members } from "./SchemaForm";
import type { Editing } from "./useEditor";

export interface NodePanelProps {
  node: DefinitionNode;
  editing: Editing;
  types: Body<"NodeTypeList">;
}

export function NodePanel({ node, editing, types }: NodePanelProps) {
  const { apply, choose, level, loops, verdict } = editing;
  const type = types.node_types.find((one) => one.name === node.type);
  if (!type) return <p>The server does not know the type {node.type}.</p>;
  const own = (verdict?.findings ?? []).filter(
    (one) => one.node === node.name && one.within.join("/") === loops.join("/"),
  );
  const rename = (name: string) => {
    apply((now) => renameNode(now, node.name, name));
    choose([name]);
  };
  const set = (settings: Values, place: string) =>
    apply((now) => setSettings(now, node.name, type, settings), `${node.name} ${place}`);
  return (
    <div className="stack">
      <NameField
        label="Name"
        name={node.name}
        taken={(level.nodes ?? []).map((one) => one.name)}
        onRename={rename}
      />
      <p className="quiet">
        <strong>{type.title}.</strong> {type.description}
      </p>
      <Problems findings={own} />
      {type.name === "Loop" && (
        <Button onClick={() => editing.enter([...loops, node.name])}>Edit what it repeats</Button>
      )}
      <Members
        schema={type.settings as Schema}
        values={settingsOf(node, type.settings_key)}
        onChange={set}
        place=""
      />
      <PortsForm side="inputs" node={node} type={type} types={types} apply={apply} />
      <PortsForm side="outputs" node={node} type={type} types={types} apply={apply} />
      <ConnectForm node={node} editing={editing} />
    </div>
  );
}
