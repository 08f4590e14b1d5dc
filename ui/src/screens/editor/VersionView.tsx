/** A version, to look at: its picture, and the settings of the node that is chosen. */
import { go, withQuery } from "../../address";
import { allNodes, graphIn } from "../../canvas/definition";
import { Graph } from "../../canvas/Graph";
import { useLoaded } from "../../loaded";
import { Badge, Empty, Failure, Loading } from "../../parts/simple";
import { ask, type Body } from "../../server";
import type { EditorProps } from "./Editor";
import { Facts } from "./Facts";

export function VersionView({ file, address, types, pick, version }: EditorProps & { version: string }) {
  const content = useLoaded(`${file} ${version}`, (signal) =>
    ask<Body<"ContentBody">>("GET", ["files", file, "versions", version], { signal }),
  );
  if (content.error) return <Failure error={content.error} again={content.reload} />;
  if (!content.value) return <Loading />;
  const definition = graphIn(content.value.content);
  const { file: of, description } = content.value;
  const selected = address.query.get("node");
  const found = definition && allNodes(definition).find((one) => one.path === selected);
  const type = types.node_types.find((one) => one.name === found?.node.type);
  return (
    <div className="editor">
      <div className="editor-bar row wrap">
        {pick}
        <Badge tone="plain">read only</Badge>
        <span className="quiet clip grow">{description}</span>
      </div>
      {definition ? (
        <div className={found ? "editor-body looking with-panel" : "editor-body looking"}>
          <Graph
            definition={definition}
            selected={selected}
            onSelect={(node) => go(withQuery(address, { node }), { replace: true })}
            fileName={`${of.path.split("/").pop()} ${version}`}
          />
          {found && type && (
            <aside className="panel" aria-label={`Node ${found.path}`}>
              <Facts node={found.node} type={type} />
            </aside>
          )}
        </div>
      ) : (
        <Empty title="This version is no graph of nodes">
          <p className="quiet">It is written and run by a program. Its logs tell what it does.</p>
        </Empty>
      )}
    </div>
  );
}
