/** Two versions of a file, and what differs between them. Which two is in the address. */
import { type Address, go, to, withQuery } from "../../address";
import { type Definition, isGraph } from "../../canvas/definition";
import { Graph } from "../../canvas/Graph";
import { useLoaded } from "../../loaded";
import { Button, Empty, Failure, Loading } from "../../parts/simple";
import { VersionPick } from "../../parts/VersionPick";
import { called, type Live, usePointers, useVersions, type VersionOption } from "../../parts/versions";
import { ask, type Body } from "../../server";
import type { FileScreenProps } from "../props";
import { DifferenceView } from "./DifferenceView";
import { type Difference, edgeMarksOf, graphEdit, marksOf, merged } from "./difference";
import "./diff.css";
import { TextDiff } from "./TextDiff";

export default function Diff({ file, address }: FileScreenProps) {
  const versions = useVersions(file);
  const pointers = usePointers(file);
  const from = address.query.get("from") ?? undefined;
  const until = address.query.get("to") ?? undefined;
  const isText = address.query.get("as") === "text";
  const found = useLoaded(`diff ${file} ${from} ${until}`, (signal) =>
    ask<Difference>("GET", ["files", file, "diff"], { query: { from, to: until }, signal }),
  );
  const shown = found.value;
  return (
    <div className="diff-screen">
      <header className="diff-bar row wrap">
        <Picks
          address={address}
          from={from ?? (shown ? nameOf(shown.from) : "")}
          until={until ?? (shown ? nameOf(shown.to) : "")}
          versions={versions.value ?? []}
          pointers={pointers.value?.pointers ?? []}
          canRun={shown !== null && RUNNABLE.has(shown.file.type)}
        />
        <span className="grow" />
        <nav className="row" aria-label="How it is shown">
          <Way
            address={address}
            as={null}
            name={shown && !graphEdit(shown) ? "By value" : "By node"}
            isHere={!isText}
          />
          <Way address={address} as="text" name="As text" isHere={isText} />
        </nav>
      </header>
      {found.error && !shown && <Failure error={found.error} again={found.reload} />}
      {!found.error && !shown && <Loading />}
      {shown && isText && <TextDiff file={file} from={shown.from.version_id} to={shown.to.version_id} />}
      {shown && !isText && <Structure difference={shown} address={address} />}
    </div>
  );
}

function nameOf(content: Difference["from"]): string {
  return content.is_draft ? "draft" : String(content.numbers.at(-1) ?? content.version_id);
}

function Way(props: { address: Address; as: string | null; name: string; isHere: boolean }) {
  return (
    <a
      className={props.isHere ? "button here" : "button"}
      href={withQuery(props.address, { as: props.as })}
      aria-current={props.isHere ? "true" : undefined}
    >
      {props.name}
    </a>
  );
}

/** What can be run to be compared. */
const RUNNABLE = new Set(["flow", "prompt"]);

interface PicksProps {
  address: Address;
  from: string;
  until: string;
  versions: VersionOption[];
  pointers: Live[];
  canRun: boolean;
}

function Picks({ address, from, until, versions, pointers, canRun }: PicksProps) {
  const some = { versions, pointers, hasDraft: true };
  const pick = (changes: Record<string, string>) => go(withQuery(address, { ...changes, node: null }));
  return (
    <div className="row wrap">
      <VersionPick label="Before" value={from} onPick={(ref) => pick({ from: ref })} {...some} />
      <span aria-hidden="true">→</span>
      <VersionPick label="After" value={until} onPick={(ref) => pick({ to: ref })} {...some} />
      <Button
        onClick={() => pick({ from: until, to: from })}
        title="What was before is after, and the other way"
      >
        ⇄ Swap
      </Button>
      {canRun && (
        <a className="button" href={to([...address.parts.slice(0, 2), "compare"], { from, to: until })}>
          Run both …
        </a>
      )}
    </div>
  );
}

/** The graph of both with marks, and what differs beside it; other files only have the latter. */
function Structure({ difference, address }: { difference: Difference; address: Address }) {
  const { file, to: after } = difference;
  const graph = graphEdit(difference);
  const content = useLoaded(`${file.id} ${after.version_id} ${after.is_draft}`, (signal) => {
    const ref = after.is_draft ? "draft" : after.version_id;
    return ask<Body<"ContentBody">>("GET", ["files", file.id, "versions", ref], { signal });
  });
  const node = address.query.get("node");
  const select = (name: string | null) => go(withQuery(address, { node: name }), { replace: true });
  const definition = definitionIn(content.value?.content);
  return (
    <div className={definition ? "diff-body with-graph" : "diff-body"}>
      {definition && (
        <Graph
          label="Both versions as one graph"
          definition={merged(definition, graph)}
          marks={marksOf(graph)}
          edgeMarks={edgeMarksOf(graph)}
          selected={node}
          onSelect={select}
        />
      )}
      <aside className="diff-list" aria-label="What differs">
        <h2>
          {title(difference.from)} → {title(difference.to)}
        </h2>
        {difference.is_empty && (
          <Empty title="No differences">
            <p className="quiet">Both say the same. Choose other versions above.</p>
          </Empty>
        )}
        {!difference.is_empty && <DifferenceView difference={difference} selected={node} onSelect={select} />}
      </aside>
    </div>
  );
}

/** A flow's graph is its content, or what it calls its definition. */
function definitionIn(content: unknown): Definition | null {
  if (isGraph(content)) return content;
  const inner = (content as { definition?: unknown } | undefined)?.definition;
  return isGraph(inner) ? inner : null;
}

function title(content: Difference["from"]): string {
  return content.is_draft ? "draft" : called(content);
}
