/** What a version says: a graph as a picture, with what it changes marked; anything else as it was written. */
import { useMemo } from "react";
import { graphIn } from "../../canvas/definition";
import { Graph } from "../../canvas/Graph";
import type { Loaded } from "../../loaded";
import { Failure, Loading } from "../../parts/simple";
import type { Body } from "../../server";
import { Reading } from "../content/Reading";
import { type Difference, edgeMarksOf, graphEdit, marksOf, merged } from "../diff/difference";

export interface ContentProps {
  content: Loaded<Body<"ContentBody">>;
  /** What it changes; null while that is not known. */
  difference: Difference | null;
  selected: string | null;
  onSelect: (node: string | null) => void;
}

export function Content({ content, difference, selected, onSelect }: ContentProps) {
  const said = content.value?.content;
  const graph = useMemo(() => graphIn(said), [said]);
  const drawn = useMemo(() => {
    if (!graph) return null;
    const edit = difference && graphEdit(difference);
    return { definition: merged(graph, edit), marks: marksOf(edit), edgeMarks: edgeMarksOf(edit) };
  }, [graph, difference]);
  if (content.error) return <Failure error={content.error} again={content.reload} />;
  if (!content.value) return <Loading />;
  if (drawn) {
    const name = content.value.file.path.split("/").at(-1);
    return (
      <Graph {...drawn} selected={selected} onSelect={onSelect} fileName={name} label="This version">
        {difference && !difference.is_empty && <Legend />}
      </Graph>
    );
  }
  return (
    <section className="page" aria-label="What it says">
      <Reading content={content.value} />
    </section>
  );
}

function Legend() {
  return (
    <ul className="legend card" aria-label="Marks">
      <li className="added">added</li>
      <li className="changed">changed</li>
      <li className="removed">removed</li>
      <li className="conditional">conditional</li>
    </ul>
  );
}
