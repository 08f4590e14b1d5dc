import { type DefinitionConnection, isConditional } from "../../canvas/definition";
import { Button } from "../../parts/simple";
import { Problems } from "./Problems";
import type { Editing } from "./useEditor";
import { removeChosen } from "./useShortcuts";

export function ConnectionPanel({
  connection,
  editing,
}: {
  connection: DefinitionConnection;
  editing: Editing;
}) {
  const { source, target, configuration, name } = connection;
  const { sourceOutput, targetInput } = configuration?.data ?? {};
  const own = (editing.verdict?.findings ?? []).filter((one) => one.connection === name);
  return (
    <div className="stack">
      <h2>Connection</h2>
      {isConditional(connection) ? (
        <p>
          When <code>{configuration?.conditional?.condition}</code> of <strong>{source}</strong> wins, it is
          the turn of <strong>{target}</strong>.
        </p>
      ) : (
        <p>
          <code>{sourceOutput}</code> of <strong>{source}</strong> becomes <code>{targetInput}</code> of{" "}
          <strong>{target}</strong>.
        </p>
      )}
      <Problems findings={own} />
      <div className="row wrap">
        <Button onClick={() => editing.choose([source])}>{source}</Button>
        <Button onClick={() => editing.choose([target])}>{target}</Button>
        <Button look="danger" onClick={() => removeChosen(editing)}>
          Delete
        </Button>
      </div>
    </div>
  );
}
