/** The canvas of the level that is edited: nodes are put, moved, chosen and connected. */
import {
  Background,
  BackgroundVariant,
  type Connection,
  Controls,
  type EdgeChange,
  MiniMap,
  type NodeChange,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
  useStoreApi,
} from "@xyflow/react";
import "@xyflow/react/dist/style.css";
import {
  type DragEvent,
  type KeyboardEvent,
  memo,
  type RefObject,
  useDeferredValue,
  useMemo,
  useRef,
} from "react";
import "../../canvas/canvas.css";
import { linesOf, nodesOf } from "../../canvas/elements";
import { EDGE_TYPES, MANY, NODE_TYPES } from "../../canvas/Graph";
import { NodesTable } from "../../canvas/NodesTable";
import { SvgButton } from "../../canvas/SvgButton";
import { useFit } from "../../canvas/useFit";
import { useSame } from "../../canvas/useSame";
import { endsOf } from "./ends";
import { focusPanel } from "./focus";
import { connect } from "./model/edits";
import type { NodeTypeBody } from "./model/settings";
import { DRAGGED } from "./Palette";
import type { Editing } from "./useEditor";
import { useInView } from "./useInView";
import { type Pictured, usePicture } from "./usePicture";
import type { Places } from "./usePlaces";

const READABLE = 0.6;

export interface EditCanvasProps {
  editing: Editing;
  types: NodeTypeBody[];
  places: Places;
  onDrop: (type: NodeTypeBody, at: { x: number; y: number }) => void;
}

export function EditCanvas(props: EditCanvasProps) {
  const { level, loops, choose, chosen, connection, verdict } = props.editing;
  const latest = useRef(props);
  latest.current = props;
  // Keys that are typed into a field are shown at once; the picture follows when there is time.
  const within = loops.join("/");
  const drawn = useDeferredValue(
    useMemo(() => ({ level, within, chosen, connection }), [level, within, chosen, connection]),
  );
  const put = props.places.of(drawn.within ? drawn.within.split("/") : []);
  return (
    <section className="graph editing" aria-label="Canvas">
      <ReactFlowProvider>
        <Surface {...drawn} {...{ verdict, put, latest }} />
      </ReactFlowProvider>
      <NodesTable definition={level} onSelect={(node) => choose(node === null ? [] : [node])} />
    </section>
  );
}

interface SurfaceProps extends Pictured {
  chosen: string[];
  connection: string | null;
  /** What is done when something happens on it; drawing it needs none of that. */
  latest: RefObject<EditCanvasProps>;
}

const Surface = memo(function Surface(props: SurfaceProps) {
  const { level, within, chosen, connection, latest } = props;
  const { boxes, placed, problems } = usePicture(props);
  const nodes = useMemo(
    () =>
      nodesOf(level, boxes, (path) => ({ problems: problems.get(path) })).map((node) =>
        node.parentId
          ? { ...node, draggable: false, selectable: false, connectable: false, focusable: false }
          : { ...node, selected: chosen.includes(node.id) },
      ),
    [level, boxes, problems, chosen],
  );
  const lines = useMemo(
    () =>
      linesOf(level, boxes === placed.boxes ? placed.bends : null, (path) => ({
        selected: path === connection,
      })),
    [level, boxes, placed, connection],
  );
  const box = useFit(level.nodes?.length ? `level ${within}` : "", boxes, chosen[0], READABLE);
  useInView(chosen, boxes, box);
  const { screenToFlowPosition } = useReactFlow();
  const store = useStoreApi();
  const drop = (event: DragEvent) => {
    const { types, onDrop } = latest.current;
    const type = types.find((one) => one.name === event.dataTransfer.getData(DRAGGED));
    if (!type) return;
    event.preventDefault();
    const at = screenToFlowPosition({ x: event.clientX, y: event.clientY });
    onDrop(type, { x: at.x - 75, y: at.y - 22 });
  };
  const enter = (event: KeyboardEvent) => {
    const isNode = (event.target as HTMLElement).classList.contains("react-flow__node");
    if (event.key === "Enter" && isNode) focusPanel();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the palette's buttons do the same without dragging
    <div
      className="graph-picture"
      ref={box}
      onDrop={drop}
      onDragOver={(event) => event.preventDefault()}
      onKeyDown={enter}
    >
      <ReactFlow
        nodes={useSame(nodes)}
        edges={useSame(lines)}
        nodeTypes={NODE_TYPES}
        edgeTypes={EDGE_TYPES}
        onNodesChange={(changes) => follow(changes, latest.current.editing, latest.current.places)}
        onEdgesChange={(changes) =>
          followLines(changes, latest.current.editing, store.getState().userSelectionActive)
        }
        onConnect={(made) => join(made, latest.current.editing)}
        isValidConnection={(made) => endsOf(made) !== null}
        onNodeDoubleClick={(_, node) => {
          const { loops, enter: enterLoop } = latest.current.editing;
          if (node.data.isGroup && !node.parentId) enterLoop([...loops, node.id]);
        }}
        onPaneClick={() => latest.current.editing.choose([])}
        deleteKeyCode={null}
        minZoom={0.08}
        maxZoom={2.5}
        connectionRadius={28}
        proOptions={{ hideAttribution: true }}
      >
        <Background variant={BackgroundVariant.Dots} gap={20} size={1} />
        <Controls showInteractive={false} position="bottom-left">
          <SvgButton definition={level} layout={placed} name="flow" />
        </Controls>
        {nodes.length > MANY && <MiniMap pannable zoomable position="bottom-right" ariaLabel="Overview" />}
      </ReactFlow>
    </div>
  );
});

function join(made: Connection, { level, apply, chooseConnection }: Editing): void {
  const ends = endsOf(made);
  const joined = ends && connect(level, ends);
  if (!joined) return;
  apply((now) => connect(now, ends)?.level ?? now);
  chooseConnection(joined.name);
}

/** Moves and choices of nodes; everything else about them is said by the definition. */
function follow(changes: NodeChange[], { chosen, choose, loops, level }: Editing, places: Places): void {
  const names = new Set(chosen);
  let isOther = false;
  for (const change of changes) {
    if (change.type === "position" && change.position && change.dragging !== undefined) {
      places.put(loops, change.id, change.position);
    }
    if (change.type === "select" && level.nodes?.some((node) => node.name === change.id)) {
      isOther = true;
      if (change.selected) names.add(change.id);
      else names.delete(change.id);
    }
  }
  if (isOther) choose([...names], names.size === 0);
}

/** Choices of connections; a frame that is drawn around nodes is not about those between them. */
function followLines(
  changes: EdgeChange[],
  { connection, chooseConnection }: Editing,
  isFrame: boolean,
): void {
  for (const change of changes) {
    if (change.type !== "select") continue;
    if (change.selected && !isFrame) chooseConnection(change.id);
    else if (change.id === connection) chooseConnection(null);
  }
}
