/** What a node is connected with, and a way to connect it without a mouse. */
import { useState } from "react";
import {
  type DefinitionConnection,
  type DefinitionNode,
  isConditional,
  outputsOf,
} from "../../canvas/definition";
import { Button } from "../../parts/simple";
import { endsOf } from "./ends";
import { connect, removeConnection } from "./model/edits";
import type { Level } from "./model/levels";
import type { Editing } from "./useEditor";

export function ConnectForm({ node, editing }: { node: DefinitionNode; editing: Editing }) {
  const { level, apply } = editing;
  const own = (level.connections ?? []).filter((one) => one.source === node.name || one.target === node.name);
  return (
    <fieldset className="connect-form">
      <legend>Connections</legend>
      {own.map((one) => (
        <div key={one.name} className="row">
          <span className="grow mono">{told(one)}</span>
          <Button
            look="bare"
            aria-label={`Remove ${told(one)}`}
            onClick={() => apply((now) => removeConnection(now, one.name))}
          >
            ✕
          </Button>
        </div>
      ))}
      <NewConnection key={node.name} node={node} level={level} apply={apply} />
    </fieldset>
  );
}

function NewConnection({
  node,
  level,
  apply,
}: {
  node: DefinitionNode;
  level: Level;
  apply: Editing["apply"];
}) {
  const outputs = outputsOf(node);
  const [chosenOutput, setOutput] = useState("");
  const [chosenTarget, setTarget] = useState("");
  const output = outputs.some((one) => one.id === chosenOutput) ? chosenOutput : (outputs[0]?.id ?? "");
  const targets = targetsOf(level, node.name, output);
  const target = targets.some((one) => one.value === chosenTarget) ? chosenTarget : (targets[0]?.value ?? "");
  if (!outputs.length) return null;
  const join = () => {
    const [name = "", handle = ""] = target.split("\n");
    const ends = endsOf({ source: node.name, sourceHandle: output, target: name, targetHandle: handle });
    if (ends) apply((now) => connect(now, ends)?.level ?? now);
  };
  return (
    <div className="new-connection">
      <select
        className="input"
        aria-label="From output"
        value={output}
        onChange={(event) => setOutput(event.target.value)}
      >
        {outputs.map((one) => (
          <option key={one.id} value={one.id}>
            {one.id.startsWith("when ") ? `when ${one.name}` : one.name}
          </option>
        ))}
      </select>
      <span aria-hidden="true">→</span>
      <select
        className="input"
        aria-label="To input"
        value={target}
        onChange={(event) => setTarget(event.target.value)}
      >
        {targets.map((one) => (
          <option key={one.value} value={one.value}>
            {one.label}
          </option>
        ))}
      </select>
      <Button onClick={join} disabled={!target}>
        Connect
      </Button>
    </div>
  );
}

/** Where an output may go: to inputs, those without a value first; a condition to nodes. */
function targetsOf(level: Level, source: string, output: string): { value: string; label: string }[] {
  const others = (level.nodes ?? []).filter(({ name }) => name !== source);
  if (output.startsWith("when ")) {
    return others
      .filter((node) => node.inputs?.length)
      .map(({ name }) => ({ value: `${name}\nwhen`, label: name }));
  }
  const isTaken = (node: string, input: string) =>
    (level.connections ?? []).some(
      (one) => one.target === node && one.configuration?.data?.targetInput === input,
    );
  return others
    .flatMap(({ name, inputs }) =>
      (inputs ?? []).map((input) => ({
        value: `${name}\nin ${input.name}`,
        label: `${name}.${input.name}`,
        isTaken: isTaken(name, input.name),
      })),
    )
    .sort((one, other) => Number(one.isTaken) - Number(other.isTaken))
    .map(({ value, label, isTaken: taken }) => ({ value, label: taken ? `${label} (instead)` : label }));
}

function told(connection: DefinitionConnection): string {
  const { source, target, configuration } = connection;
  if (isConditional(connection)) return `${source} when ${configuration?.conditional?.condition} → ${target}`;
  const { sourceOutput, targetInput } = configuration?.data ?? {};
  return `${source}.${sourceOutput} → ${target}.${targetInput}`;
}
