/** A definition as a picture, to look at: nodes, ports, connections, marks, and the states of a run. */
import {
  Background,
  BackgroundVariant,
  Controls,
  MiniMap,
  Panel,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
} from "@xyflow/react";
import "@xyflow/react/dist/style.css";
import { type KeyboardEvent, type ReactNode, useMemo } from "react";
import "./canvas.css";
import type { Definition } from "./definition";
import { linesOf, nodesOf } from "./elements";
import { FlowNode, type Mark, type RunState } from "./FlowNode";
import { LineEdge } from "./LineEdge";
import { NodesTable } from "./NodesTable";
import { neighbour } from "./neighbour";
import { SvgButton } from "./SvgButton";
import { useFit } from "./useFit";
import { useLayout } from "./useLayout";

export const NODE_TYPES = { flow: FlowNode };
export const EDGE_TYPES = { line: LineEdge };
export const MANY = 12;

/** What is called by name is called by its path where it is in a loop: `Loop/Node`. */
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
  /** What is written at connections, by name: the values that went over them. */
  labels?: Record<string, string>;
  selected?: string | null;
  onSelect?: (node: string | null) => void;
  /** Told of the connection that the pointer is on. */
  onOver?: (connection: string | null) => void;
  label?: string;
  /** What the picture is called when it is kept as a file. */
  fileName?: string;
  children?: ReactNode;
}

export function Graph(props: GraphProps) {
  return (
    <section className="graph" aria-label={props.label ?? "Canvas"}>
      <ReactFlowProvider>
        <Picture {...props} />
      </ReactFlowProvider>
      <NodesTable {...props} />
    </section>
  );
}

function Picture(props: GraphProps) {
  const { definition, marks, edgeMarks, states, taken, labels, selected, onSelect, onOver, children } = props;
  const placed = useLayout(definition);
  const nodes = useMemo(
    () =>
      nodesOf(definition, placed.boxes, (path) => ({ mark: marks?.[path], state: states?.[path] })).map(
        (node) => ({ ...node, selected: node.id === selected }),
      ),
    [definition, placed, marks, states, selected],
  );
  const lines = useMemo(
    () =>
      linesOf(definition, placed.bends, (path) => {
        const mark = edgeMarks?.[path];
        const way = taken && (taken.has(path) ? "taken" : "not-taken");
        return { className: [mark && `mark-${mark}`, way].filter(Boolean).join(" "), label: labels?.[path] };
      }),
    [definition, placed, edgeMarks, taken, labels],
  );
  const box = useFit([...placed.boxes.keys()].join("\n"), placed.boxes, selected);
  const { setCenter, getZoom, getInternalNode } = useReactFlow();
  const move = (event: KeyboardEvent) => {
    const here = (event.target as HTMLElement).closest(".react-flow__node")?.getAttribute("data-id");
    const next = here && neighbour(definition, placed.boxes, here, event.key);
    if (!next) return;
    event.preventDefault();
    onSelect?.(next);
    box.current?.querySelector<HTMLElement>(`[data-id="${CSS.escape(next)}"]`)?.focus();
    const at = getInternalNode(next)?.internals.positionAbsolute;
    if (at) setCenter(at.x + 80, at.y + 40, { zoom: getZoom(), duration: 120 });
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the arrow keys go from node to node
    <div className="graph-picture" ref={box} onKeyDown={move}>
      <ReactFlow
        nodes={nodes}
        edges={lines}
        nodeTypes={NODE_TYPES}
        edgeTypes={EDGE_TYPES}
        nodesDraggable={false}
        nodesConnectable={false}
        edgesFocusable={false}
        deleteKeyCode={null}
        disableKeyboardA11y
        onNodeClick={(_, node) => onSelect?.(node.id)}
        onPaneClick={() => onSelect?.(null)}
        onEdgeMouseEnter={(_, line) => onOver?.(line.id)}
        onEdgeMouseLeave={() => onOver?.(null)}
        minZoom={0.08}
        maxZoom={2.5}
        proOptions={{ hideAttribution: true }}
      >
        <Background variant={BackgroundVariant.Dots} gap={20} size={1} />
        <Controls showInteractive={false} position="bottom-left">
          <SvgButton definition={definition} layout={placed} name={props.fileName ?? "flow"} />
        </Controls>
        {nodes.length > MANY && <MiniMap pannable zoomable position="bottom-right" ariaLabel="Overview" />}
        {children && <Panel position="top-left">{children}</Panel>}
      </ReactFlow>
    </div>
  );
}
