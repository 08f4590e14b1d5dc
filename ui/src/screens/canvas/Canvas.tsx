/** The newest version of a flow, or the one that the address names, as a picture. */
import { go, withQuery } from "../../address";
import { graphIn } from "../../canvas/definition";
import { Graph } from "../../canvas/Graph";
import { useLoaded } from "../../loaded";
import { Empty, Failure, Loading } from "../../parts/simple";
import { ask, type Body } from "../../server";
import type { FileScreenProps } from "../../shell/routes";
import "./canvas-screen.css";

export default function Canvas({ file, address }: FileScreenProps) {
  const version = address.query.get("version") ?? "draft";
  const content = useLoaded(`${file} ${version}`, (signal) =>
    ask<Body<"ContentBody">>("GET", ["files", file, "versions", version], { signal }),
  );
  if (content.error) return <Failure error={content.error} again={content.reload} />;
  if (!content.value) return <Loading />;
  const definition = graphIn(content.value.content);
  if (!definition) {
    return (
      <Empty title="This version is no graph">
        <p>It was written by a program that runs it itself. Its logs tell what it does.</p>
      </Empty>
    );
  }
  return (
    <div className="canvas-screen">
      <Graph
        definition={definition}
        selected={address.query.get("node")}
        onSelect={(node) => go(withQuery(address, { node }), { replace: true })}
      />
    </div>
  );
}
