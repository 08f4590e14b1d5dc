/** One environment or alias: what is live there, since when, by whom and why, and what can be done. */
import type { Query } from "../../address";
import { useLoaded } from "../../loaded";
import { Badge, Dot } from "../../parts/simple";
import { Time } from "../../parts/Time";
import { aimed, type Live } from "../../parts/versions";
import { percent } from "../../parts/words";
import { ask, type Body } from "../../server";
import { Approvals } from "./Approvals";
import { FiguresTable } from "./FiguresTable";
import { type GateSpec, needsApproval, sentences } from "./gate";
import type { Suggestion } from "./suggestion";
import { Watches } from "./Watches";

/** Where versions can be deployed to. */
export interface Place {
  name: string;
  isDefault: boolean;
  isEnvironment: boolean;
  /** Null while nothing of the file is deployed there. */
  live: Live | null;
}

export interface PointerCardProps {
  file: string;
  place: Place;
  isHere: boolean;
  next: Suggestion | null;
  /** How many other pointers there are. */
  others: number;
  newest: number | null;
  mayMove: boolean;
  mayGate: boolean;
  linkTo: (query: Query) => string;
  /** Counts the changes made here, after each of which all is looked at again. */
  turn: number;
}

export function PointerCard(props: PointerCardProps) {
  const { file, place, isHere, turn, newest, mayMove } = props;
  const { name, live } = place;
  const gates = useLoaded(`gates ${file} ${name} ${turn}`, (signal) =>
    ask<Body<"GateList">>("GET", ["files", file, "pointers", name, "gate"], { signal }),
  );
  const specs = (gates.value?.gates ?? []).map((one) => one.gate as GateSpec);
  return (
    <section className={isHere ? "card pointer-card here" : "card pointer-card"} aria-label={name}>
      <header className="row wrap">
        <Dot tone={live === null ? "plain" : live.is_off ? "bad" : "good"} />
        <h2 className="clip">{name}</h2>
        <span className="quiet">
          {place.isEnvironment ? (place.isDefault ? "default environment" : "environment") : "alias"}
        </span>
        {live?.is_off && <Badge tone="bad">Switched off</Badge>}
        <span className="grow" />
        <span className="chip live-version">{live ? aimed(live) : "nothing"}</span>
      </header>
      <Why live={live} name={name} />
      {live && live.shares.length > 0 && <Shares live={live} />}
      <Actions {...props} />
      {live && live.shares.length > 0 && <FiguresTable file={file} pointer={name} turn={turn} />}
      <GateRow {...props} gates={gates.value?.gates ?? []} />
      {specs.some(needsApproval) && (
        <Approvals file={file} pointer={name} newest={newest} mayMove={mayMove} turn={turn} />
      )}
      {specs.some((one) => one.watch) && <Watches file={file} pointer={name} live={live} turn={turn} />}
    </section>
  );
}

const DONE: Record<string, string> = {
  move: "Deployed",
  promote: "Promoted",
  rollback: "Rolled back",
  revert: "Rolled back by a watch",
  split: "Split",
  switch_off: "Switched off",
  switch_on: "Switched on",
};

function Why({ live, name }: { live: Live | null; name: string }) {
  if (live?.moved_at == null) {
    return <p className="quiet">Calls of {name} are refused until a version is deployed there.</p>;
  }
  return (
    <p className="why">
      <span className="quiet">
        {DONE[live.action ?? ""] ?? "Changed"} <Time at={live.moved_at} /> by{" "}
        {live.moved_by?.name ?? live.moved_by?.id ?? "somebody"}
      </span>
      {live.reason && <q>{live.reason}</q>}
    </p>
  );
}

function Shares({ live }: { live: Live }) {
  const sum = live.shares.reduce((all, one) => all + one.weight, 0);
  return (
    <ul className="shares" aria-label="Split">
      {live.shares.map((share) => (
        <li key={share.version_id}>
          <span className="chip">{aimed(share)}</span>
          <meter
            min={0}
            max={1}
            value={sum ? share.weight / sum : 0}
            aria-label={`Share of ${aimed(share)}`}
          />
          <span className="number">{percent(sum ? share.weight / sum : 0)}</span>
        </li>
      ))}
    </ul>
  );
}

function Actions({ place, next, others, mayMove, linkTo }: PointerCardProps) {
  if (!mayMove) return null;
  const { name: pointer, live } = place;
  const isMain = (act: string) => next?.query.do === act;
  const more: [string, string, boolean][] = [
    ["Promote …", "promote", others > 0],
    ["Deploy …", "move", true],
    ["Roll back …", "rollback", live !== null],
    [live?.shares.length ? "Change the split …" : "Split …", "split", live?.version_id != null],
    [live?.is_off ? "Switch on …" : "Switch off …", "switch", live !== null],
    ["Take away …", "take-away", live !== null && place.isEnvironment],
  ];
  return (
    <div className="row wrap actions">
      {next && (
        <a className={next.isMain ? "button main" : "button"} href={linkTo(next.query)}>
          {next.name}
        </a>
      )}
      {more
        .filter(([, act, isThere]) => isThere && !(isMain(act) && act !== "move" && act !== "promote"))
        .map(([name, act]) => (
          <a key={act} className="button bare" href={linkTo({ do: act, pointer })}>
            {name}
          </a>
        ))}
    </div>
  );
}

function GateRow(props: PointerCardProps & { gates: Body<"GateBody">[] }) {
  const { gates, mayGate, linkTo, place } = props;
  return (
    <div className="gate-row">
      {gates.map((one) => (
        <div key={String(one.is_for_all_files)}>
          <p className="quiet">
            Gate{one.is_for_all_files && " of the environment, for all files"}, set by{" "}
            {one.set_by.name ?? one.set_by.id}
          </p>
          <ul>
            {sentences(one.gate as GateSpec).map((said) => (
              <li key={said}>{said}</li>
            ))}
          </ul>
        </div>
      ))}
      {gates.length === 0 && <p className="quiet">No gate: any version may be deployed here.</p>}
      {mayGate && (
        <a className="button bare" href={linkTo({ do: "gate", pointer: place.name })}>
          {gates.some((one) => !one.is_for_all_files) ? "Change the gate …" : "Set a gate …"}
        </a>
      )}
    </div>
  );
}
