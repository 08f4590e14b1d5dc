import { Handle, type Node, type NodeProps, Position } from "@xyflow/react";
import { memo } from "react";
import { type DefinitionNode, inputsOf, outputsOf, type Port } from "./definition";
import { portsHeight } from "./layout";
import { lookOf } from "./looks";

export type Mark = "added" | "removed" | "changed" | "renamed";
export type RunState = "waiting" | "running" | "done" | "failed" | "skipped";

export type FlowNodeData = {
  node: DefinitionNode;
  mark?: Mark;
  state?: RunState;
  /** How many problems it has, in the editor. */
  problems?: number;
  /** Whether other nodes stand in it. */
  isGroup?: boolean;
};

export type FlowNodeType = Node<FlowNodeData, "flow">;

function Ports({ ports, side }: { ports: Port[]; side: "in" | "out" }) {
  return (
    <ul className={`ports ${side}`}>
      {ports.map((port) => (
        <li key={port.id} title={port.type}>
          <Handle
            id={port.id}
            type={side === "in" ? "target" : "source"}
            position={side === "in" ? Position.Left : Position.Right}
          />
          {port.name}
        </li>
      ))}
    </ul>
  );
}

/** A node with its ports; a conditional connection ends at its head. */
export const FlowNode = memo(function FlowNode({ data, selected }: NodeProps<FlowNodeType>) {
  const { node, mark, state, problems, isGroup } = data;
  const { icon, tone } = lookOf(node.type);
  const classes = [
    "flow-node",
    isGroup && "group",
    mark && `mark-${mark}`,
    state && `state-${state}`,
    selected && "selected",
  ];
  return (
    <div className={classes.filter(Boolean).join(" ")}>
      <div className="flow-node-head">
        <Handle id="when" type="target" position={Position.Left} className="head-handle" />
        <span className={`node-icon ${tone}`} aria-hidden="true">
          {icon}
        </span>
        <span className="node-names">
          <strong className="clip">{node.name}</strong>
          <small>{node.type}</small>
        </span>
        {mark && <span className={`tag mark-word-${mark}`}>{mark}</span>}
        {state && state !== "waiting" && <span className={`tag state-word-${state}`}>{state}</span>}
        {problems ? (
          <span className="tag tone-bad" title={`${problems} problems`}>
            ! {problems}
          </span>
        ) : null}
      </div>
      <div className="flow-node-ports" style={{ height: portsHeight(node) }}>
        <Ports ports={inputsOf(node)} side="in" />
        <Ports ports={outputsOf(node)} side="out" />
      </div>
    </div>
  );
});
