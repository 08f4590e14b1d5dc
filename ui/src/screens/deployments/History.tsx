/** Every change of the pointers of a file, newest first. */

import { useState } from "react";
import { type Address, to, withQuery } from "../../address";
import { useLoaded } from "../../loaded";
import { Badge, Button, Empty, Failure, Loading, type Tone } from "../../parts/simple";
import { TableBox } from "../../parts/TableBox";
import { Time } from "../../parts/Time";
import { aimed } from "../../parts/versions";
import { ask, type Body } from "../../server";
import { useMay } from "../../shell/session";
import { AimText, VerdictView, type VerdictViewProps } from "./Rehearsal";

type Move = Body<"MoveBody">;

const TAKE = 50;

export interface HistoryProps {
  file: string;
  /** Only the moves of this pointer. */
  pointer: string | null;
  address: Address;
  turn: number;
}

export function History({ file, pointer, address, turn }: HistoryProps) {
  const [older, setOlder] = useState<Move[]>([]);
  const [following, setFollowing] = useState<string | null | undefined>();
  const parts = pointer ? ["files", file, "pointers", pointer, "moves"] : ["files", file, "moves"];
  const newest = useLoaded(`${parts.join("/")} ${turn}`, async (signal) => {
    const found = await ask<Body<"MoveList">>("GET", parts, { query: { take: TAKE }, signal });
    setOlder([]);
    setFollowing(undefined);
    return found;
  });
  if (newest.error) return <Failure error={newest.error} again={newest.reload} />;
  if (!newest.value) return <Loading />;
  const next = following === undefined ? newest.value.next : following;
  const more = async () => {
    const found = await ask<Body<"MoveList">>("GET", parts, { query: { take: TAKE, before: next } });
    setOlder([...older, ...found.moves]);
    setFollowing(found.next);
  };
  const moves = [...newest.value.moves, ...older];
  return (
    <section className="stack" aria-label="History">
      <div className="row wrap">
        <h2>History{pointer && ` of ${pointer}`}</h2>
        {pointer && (
          <a className="link" href={withQuery(address, { pointer: null })}>
            Of all
          </a>
        )}
      </div>
      {moves.length === 0 && (
        <Empty title="Nothing was deployed yet">
          <p className="quiet">
            Whatever is deployed, here or by any client, stands here: when, by whom and why.
          </p>
        </Empty>
      )}
      {moves.length > 0 && <Moves moves={moves} address={address} />}
      {next && <Button onClick={more}>Older</Button>}
    </section>
  );
}

function Moves({ moves, address }: { moves: Move[]; address: Address }) {
  const mayMove = useMay("editor");
  return (
    <TableBox label="Moves" className="card">
      <table className="table moves">
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">Where</th>
            <th scope="col">What</th>
            <th scope="col">From → to</th>
            <th scope="col">Who</th>
            <th scope="col">Why</th>
            <th scope="col">
              <span className="hidden">Do</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {moves.map((move) => (
            <MoveRow key={move.id} move={move} address={address} mayMove={mayMove} />
          ))}
        </tbody>
      </table>
    </TableBox>
  );
}

const ACTIONS: Record<string, [string, Tone]> = {
  move: ["deployed", "plain"],
  promote: ["promoted", "good"],
  rollback: ["rolled back", "warn"],
  revert: ["rolled back by a watch", "bad"],
  take_away: ["taken away", "warn"],
  split: ["split", "busy"],
  switch_off: ["switched off", "bad"],
  switch_on: ["switched on", "good"],
};

function MoveRow({ move, address, mayMove }: { move: Move; address: Address; mayMove: boolean }) {
  const [said, tone] = ACTIONS[move.action] ?? [move.action, "plain" as Tone];
  const isSwitch = move.action.startsWith("switch");
  const from = { version_id: move.from_version_id, number: move.from_number, target: move.from_target };
  const back = { do: "rollback", pointer: move.pointer.name, move: move.id };
  const canGoBack = mayMove && !isSwitch && move.pointer.kind !== "flow" && move.version_id !== null;
  return (
    <tr>
      <td>
        <Time at={move.moved_at} />
      </td>
      <td>{move.pointer.kind === "flow" ? "the whole file" : move.pointer.name}</td>
      <td>
        <Badge tone={tone}>{said}</Badge>
      </td>
      <td>
        {!isSwitch && (
          <span className="row from-to">
            <span className="chip">{aimed(from)}</span>
            <span aria-hidden="true">→</span>
            <AimText aim={move} />
          </span>
        )}
      </td>
      <td>{move.moved_by.name ?? move.moved_by.id}</td>
      <td className="why-cell">
        {move.reason ?? (move.is_automatic ? <span className="quiet">by itself</span> : "")}
        {move.evidence && <Evidence evidence={move.evidence} aims={[move, from]} />}
      </td>
      <td className="number">
        {canGoBack && (
          <a className="button bare" href={to(address.parts, back)}>
            Roll back to this
          </a>
        )}
      </td>
    </tr>
  );
}

interface Told {
  gate?: Omit<Body<"VerdictBody">, "has_gate"> & { is_overridden?: boolean };
  watch?: { rules?: { says: string }[] };
}

/** What the gate said then, or what was seen by who watched; anything else as it was kept. */
function Evidence(props: { evidence: NonNullable<Move["evidence"]>; aims: VerdictViewProps["aims"] }) {
  const { evidence, aims } = props;
  const { gate, watch, ...rest } = evidence as Told;
  return (
    <details className="evidence">
      <summary className="quiet">Evidence{gate?.is_overridden ? ": the gate was overridden" : ""}</summary>
      {gate && <VerdictView verdict={{ ...gate, has_gate: true }} aims={aims} />}
      {watch && (
        <ul>
          {(watch.rules ?? []).map((rule) => (
            <li key={rule.says}>{rule.says}</li>
          ))}
        </ul>
      )}
      {Object.keys(rest).length > 0 && <pre>{JSON.stringify(rest, null, 2)}</pre>}
    </details>
  );
}
