/** What is chosen, to be changed: a node, a connection, or the whole with its problems. */
import { Button } from "../../parts/simple";
import { counted } from "../../parts/words";
import type { Body } from "../../server";
import { ConnectionPanel } from "./ConnectionPanel";
import { focusNode } from "./focus";
import { nodeOf } from "./model/edits";
import { NodePanel } from "./NodePanel";
import { Problems } from "./Problems";
import type { Editing } from "./useEditor";
import { removeChosen } from "./useShortcuts";

export function Panel({ editing, types }: { editing: Editing; types: Body<"NodeTypeList"> }) {
  const { level, chosen, connection, verdict, error } = editing;
  const node = chosen.length === 1 ? nodeOf(level, chosen[0]) : null;
  const line = (level.connections ?? []).find((one) => one.name === connection);
  return (
    <aside
      className="panel"
      aria-label="What is chosen"
      onKeyDown={(event) => event.key === "Escape" && focusNode(chosen[0])}
    >
      {node ? (
        <NodePanel key={node.name} node={node} editing={editing} types={types} />
      ) : line ? (
        <ConnectionPanel connection={line} editing={editing} />
      ) : chosen.length > 1 ? (
        <div className="stack">
          <h2>{counted(chosen.length, "node")} chosen</h2>
          <p className="quiet">Ctrl+C copies them as JSON.</p>
          <Button look="danger" onClick={() => removeChosen(editing)}>
            Delete them
          </Button>
        </div>
      ) : (
        <div className="stack">
          <h2>{counted(level.nodes?.length ?? 0, "node")}</h2>
          <p className="quiet">
            Choose a node to set it. A adds one, Delete takes away, Ctrl+Z undoes; drag from port to port to
            connect.
          </p>
          {error && <p className="tone-bad">{error.message}</p>}
          <Problems findings={verdict?.findings ?? []} enter={editing.enter} isJudged={verdict !== null} />
        </div>
      )}
    </aside>
  );
}
