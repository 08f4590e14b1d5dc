/** A definition as a picture, to look at: nodes, ports, connections, marks, and the states of a run. */
import {
  Background,
  BackgroundVariant,
  Controls,
  type Edge,
  MarkerType,
  MiniMap,
  ReactFlow,
  ReactFlowProvider,
} from "@xyflow/react";
import "@xyflow/react/dist/style.css";
import { useMemo } from "react";
import "./canvas.css";
import { type Definition, isConditional, portsOf } from "./definition";
import { FlowNode, type FlowNodeType, type Mark, type RunState } from "./FlowNode";
import { layout } from "./layout";
import { NodesTable } from "./NodesTable";

const NODE_TYPES = { flow: FlowNode };
const MANY = 12;

export interface GraphProps {
  definition: Definition;
  /** What is said of nodes, by name; in a comparison. */
  marks?: Record<string, Mark>;
  /** What is said of connections, by name. */
  edgeMarks?: Record<string, Mark>;
  /** How far a run is with nodes, by name. */
  states?: Record<string, RunState>;
  /** The connections that values went over; the others are faint. */
  taken?: Set<string>;
  selected?: string | null;
  onSelect?: (node: string | null) => void;
  label?: string;
}

function nodesOf({ definition, marks, states, selected }: GraphProps): FlowNodeType[] {
  const boxes = layout(definition);
  return (definition.nodes ?? []).map((node) => {
    const { x = 0, y = 0, width, height } = boxes.get(node.name) ?? {};
    return {
      id: node.name,
      type: "flow",
      position: { x, y },
      width,
      height,
      selected: node.name === selected,
      data: { node, mark: marks?.[node.name], state: states?.[node.name] },
      ariaLabel: `${node.type} ${node.name}`,
    };
  });
}

function edgesOf({ definition, edgeMarks, taken }: GraphProps): Edge[] {
  const known = new Set((definition.nodes ?? []).map((node) => node.name));
  return (definition.connections ?? [])
    .filter(({ source, target }) => known.has(source) && known.has(target))
    .map((connection) => {
      const ports = portsOf(connection);
      const mark = edgeMarks?.[connection.name];
      const classes = [
        isConditional(connection) && "conditional",
        mark && `mark-${mark}`,
        taken && (taken.has(connection.name) ? "taken" : "not-taken"),
      ];
      return {
        id: connection.name,
        source: connection.source,
        target: connection.target,
        sourceHandle: ports.source,
        targetHandle: ports.target ?? "when",
        className: classes.filter(Boolean).join(" "),
        markerEnd: { type: MarkerType.ArrowClosed, width: 14, height: 14 },
        focusable: false,
      };
    });
}

export function Graph(props: GraphProps) {
  const { definition, marks, edgeMarks, states, taken, selected, onSelect, label = "Canvas" } = props;
  const nodes = useMemo(() => nodesOf(props), [definition, marks, states, selected]);
  const edges = useMemo(() => edgesOf(props), [definition, edgeMarks, taken]);
  return (
    <section className="graph" aria-label={label}>
      <ReactFlowProvider>
        <ReactFlow
          nodes={nodes}
          edges={edges}
          nodeTypes={NODE_TYPES}
          nodesDraggable={false}
          nodesConnectable={false}
          onNodeClick={(_, node) => onSelect?.(node.id)}
          onPaneClick={() => onSelect?.(null)}
          fitView
          fitViewOptions={{ padding: 0.08, maxZoom: 1 }}
          minZoom={0.1}
          proOptions={{ hideAttribution: true }}
        >
          <Background variant={BackgroundVariant.Dots} gap={20} size={1} />
          <Controls showInteractive={false} position="bottom-left" />
          {nodes.length > MANY && <MiniMap pannable zoomable position="bottom-right" />}
        </ReactFlow>
      </ReactFlowProvider>
      <NodesTable {...props} />
    </section>
  );
}
