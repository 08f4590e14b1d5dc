/** One thing that differs: where, what was there, what is there now. */
import {
  type Edit,
  linePieces,
  type Piece,
  pathText,
  shortPath,
  type TextEdit,
  valueText,
  wordPieces,
} from "./difference";
import { GraphChanges } from "./GraphChanges";

export function EditView({ edit }: { edit: Edit }) {
  if (edit.change === "graph") {
    return (
      <div className="edit">
        {edit.path.length > 0 && <p className="edit-path mono">{pathText(edit.path)}</p>}
        <div className="edit-inner">
          <GraphChanges graph={edit} />
        </div>
      </div>
    );
  }
  return (
    <div className="edit">
      <p className="edit-path mono" title={pathText(edit.path)}>
        {shortPath(edit.path) || "the whole"}
        {edit.change === "moved" && <span className="quiet"> is now at place {edit.to + 1}</span>}
      </p>
      {edit.change === "text" && <TextView edit={edit} />}
      {edit.change === "added" && <Lines sign="after" text={valueText(edit.value)} />}
      {edit.change === "removed" && <Lines sign="before" text={valueText(edit.value)} />}
      {edit.change === "replaced" && (
        <>
          <Lines sign="before" text={valueText(edit.before)} />
          <Lines sign="after" text={valueText(edit.after)} />
        </>
      )}
    </div>
  );
}

const SIGNS: Record<Piece["in"], string> = { before: "−", after: "+", both: "", "left out": "" };
const SAID: Record<Piece["in"], string> = { before: "removed: ", after: "added: ", both: "", "left out": "" };

/** Lines of a text that are only in one of both. */
export function Lines({ sign, text }: { sign: Piece["in"]; text: string }) {
  return (
    <div className="lines mono">
      {text.split("\n").map((line, place) => (
        <Line key={place} piece={{ in: sign, text: line }} />
      ))}
    </div>
  );
}

function Line({ piece }: { piece: Piece }) {
  if (piece.in === "left out") return <div className="line left-out">⋯ {piece.text}</div>;
  return (
    <div className={`line ${piece.in}`}>
      <span className="sign" aria-hidden="true">
        {SIGNS[piece.in]}
      </span>
      <span className="hidden">{SAID[piece.in]}</span>
      <span>{piece.text || " "}</span>
    </div>
  );
}

/** Code line by line, prose with the words marked in it. */
function TextView({ edit }: { edit: TextEdit }) {
  if (edit.unit === "line") {
    return (
      <div className="lines mono">
        {linePieces(edit.spans).map((piece, place) => (
          <Line key={place} piece={piece} />
        ))}
      </div>
    );
  }
  return (
    <p className="words">
      {wordPieces(edit.spans).map((piece, place) => {
        const key = `${place} ${piece.in}`;
        if (piece.in === "before") return <del key={key}>{piece.text}</del>;
        if (piece.in === "after") return <ins key={key}>{piece.text}</ins>;
        if (piece.in === "both") return <span key={key}>{piece.text}</span>;
        return (
          <span key={key} className="left-out" title={`${piece.text} that are the same`}>
            {" "}
            ⋯{" "}
          </span>
        );
      })}
    </p>
  );
}
