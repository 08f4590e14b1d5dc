/** The inputs or outputs of a node: those of its type, and those that its author names. */
import type { DefinitionNode, NodeInput } from "../../canvas/definition";
import { Button } from "../../parts/simple";
import type { Body } from "../../server";
import { addPort, changePort, removePort, renamePort, type Side } from "./model/edits";
import type { NodeTypeBody } from "./model/settings";
import { NameField } from "./NameField";
import type { Apply } from "./useEditor";

export interface PortsFormProps {
  side: Side;
  node: DefinitionNode;
  type: NodeTypeBody;
  types: Body<"NodeTypeList">;
  apply: Apply;
}

const TITLES = { inputs: "Inputs", outputs: "Outputs" };

export function PortsForm({ side, node, type, types, apply }: PortsFormProps) {
  const ports: NodeInput[] = node[side] ?? [];
  const fixed = type[side];
  const mayAdd = side === "inputs" ? type.has_own_inputs : type.has_own_outputs;
  const missing = fixed.filter(
    (one) => !one.given && !one.without && !ports.some(({ name }) => name === one.name),
  );
  if (!ports.length && !missing.length && !mayAdd) return null;
  const add = (name: string, of: string | null) =>
    apply((level) => addPort(level, node.name, side, { name, type: of ?? "String" }));
  return (
    <fieldset className="ports-form">
      <legend>{TITLES[side]}</legend>
      {ports.map((port) => (
        <PortRow key={port.name} {...{ side, node, type, types, apply, port }} />
      ))}
      <div className="row wrap">
        {missing.map((one) => (
          <Button key={one.name} look="bare" onClick={() => add(one.name, one.type)}>
            + {one.name}
          </Button>
        ))}
        {mayAdd && (
          <Button look="bare" onClick={() => add(side === "inputs" ? "value" : "result", null)}>
            + {side === "inputs" ? "Input" : "Output"}
          </Button>
        )}
      </div>
    </fieldset>
  );
}

function PortRow({ side, node, type, types, apply, port }: PortsFormProps & { port: NodeInput }) {
  const fixed = type[side].find((one) => one.name === port.name);
  const set = (said: Partial<NodeInput>) =>
    apply(
      (level) => changePort(level, node.name, side, port.name, said),
      `${node.name} ${side} ${port.name}`,
    );
  return (
    <div className={side === "inputs" ? "port-row" : "port-row short"}>
      {fixed ? (
        <code className="port-name">{port.name}</code>
      ) : (
        <NameField
          label={`Name of ${port.name}`}
          name={port.name}
          taken={(node[side] ?? []).map((one) => one.name)}
          onRename={(name) => apply((level) => renamePort(level, node.name, side, port.name, name))}
          isBare
        />
      )}
      <Choice
        label={`Type of ${port.name}`}
        value={port.type}
        among={fixed?.type ? [fixed.type] : types.port_types}
        onChange={(of) => set({ type: of })}
      />
      {side === "inputs" && (
        <input
          className="input code"
          aria-label={`Expression of ${port.name}`}
          value={port.expression ?? ""}
          onChange={(event) => set({ expression: event.target.value })}
        />
      )}
      {side === "inputs" && type.input_categories.length > 0 && (
        <Choice
          label={`What ${port.name} is for`}
          value={port.category}
          among={type.input_categories}
          onChange={(category) => set({ category })}
        />
      )}
      {!fixed?.is_required && (
        <Button
          look="bare"
          aria-label={`Remove ${port.name}`}
          onClick={() => apply((level) => removePort(level, node.name, side, port.name))}
        >
          ✕
        </Button>
      )}
    </div>
  );
}

interface ChoiceProps {
  label: string;
  value: string | undefined;
  among: string[];
  onChange: (value: string) => void;
}

function Choice({ label, value = "", among, onChange }: ChoiceProps) {
  const all = among.includes(value) ? among : [value, ...among];
  return (
    <select
      className="input"
      aria-label={label}
      value={value}
      onChange={(event) => onChange(event.target.value)}
    >
      {all.map((one) => (
        <option key={one}>{one}</option>
      ))}
    </select>
  );
}
