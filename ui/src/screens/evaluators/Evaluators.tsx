/** All evaluators: what each is, and where it judges by itself. */
import { to } from "../../address";
import { useLoaded } from "../../loaded";
import { Chip, Copy, Empty, Failure, Loading } from "../../parts/simple";
import { Time } from "../../parts/Time";
import { ask, type Body } from "../../server";
import { useMay } from "../../shell/session";
import type { ScreenProps } from "../props";
import { worded } from "./schema";
import { TYPES } from "./types";
import "./evaluators.css";

type Row = Body<"EvaluatorRow">;

const TAKE = 100;
const FIRST = `headrace push  # or, with an SDK:

client.evaluators.upsert(path="polite", spec={
    "evaluator_type": "python", "arguments_type": "target_free", "return_type": "boolean",
    "code": "def judge(log):\\n    return 'please' in log['output']",
})`;

export default function Evaluators({ address }: ScreenProps) {
  const after = address.query.get("after");
  const may = useMay("editor");
  const found = useLoaded(`evaluators after ${after}`, (signal) =>
    ask<Body<"EvaluatorList">>("GET", ["evaluators"], { query: { take: TAKE, after }, signal }),
  );
  const rows = found.value?.evaluators ?? [];
  return (
    <>
      <header className="page-head row wrap">
        <h1 className="grow">Evaluators</h1>
        {may && (
          <a className="button main" href={to(["evaluators", "new"])}>
            New evaluator
          </a>
        )}
      </header>
      {found.error && <Failure error={found.error} again={found.reload} />}
      {!found.value && found.isLoading && <Loading />}
      {found.value && rows.length === 0 && (
        <Empty title="No evaluators yet">
          <p className="quiet">
            An evaluator judges logs: by code, by asking a model, or by asking people. Make one here, or:
          </p>
          <Copy text={FIRST} />
        </Empty>
      )}
      {rows.length > 0 && <Table rows={rows} />}
      <p className="row more-evaluators">
        {after && (
          <a className="button" href={to(["evaluators"])}>
            To the first
          </a>
        )}
        {found.value?.next && (
          <a className="button" href={to(["evaluators"], { after: found.value.next })}>
            More
          </a>
        )}
      </p>
    </>
  );
}

function Table({ rows }: { rows: Row[] }) {
  return (
    <div className="table-box">
      <table className="table evaluators-table">
        <thead>
          <tr>
            <th>Evaluator</th>
            <th>Who judges</th>
            <th>Judgment</th>
            <th>Version</th>
            <th>Judges by itself</th>
            <th>Changed</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.file.id}>
              <td>
                <a className="link" href={to(["evaluators", row.file.id])}>
                  {row.file.path}
                </a>
              </td>
              <td>{row.evaluator_type ? TYPES[row.evaluator_type] : "–"}</td>
              <td>{row.return_type ? worded(row.return_type) : "–"}</td>
              <td>{row.number === null ? "–" : <Chip title={row.version_id ?? ""}>v{row.number}</Chip>}</td>
              <td>
                <Places row={row} />
              </td>
              <td className="quiet">
                <Time at={row.updated_at} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const NAMED = 2;

function Places({ row }: { row: Row }) {
  if (row.places_count === 0) return <span className="quiet">nothing</span>;
  const more = row.places_count - NAMED;
  return (
    <span className="row wrap">
      {row.places.slice(0, NAMED).map((one) => (
        <a key={one.id} className="link" href={to(["f", one.id, "logs"])}>
          {one.path}
        </a>
      ))}
      {more > 0 && <span className="quiet">and {more} more</span>}
    </span>
  );
}
