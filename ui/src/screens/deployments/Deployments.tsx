/** What is live of a file, every change of it, and the ways to change it. What is open is in the address. */
import { useState } from "react";
import { type Address, go, to } from "../../address";
import { useLoaded } from "../../loaded";
import { Failure, Loading } from "../../parts/simple";
import { pointerMoved, usePointers, useVersions } from "../../parts/versions";
import { ask, type Body } from "../../server";
import { useMay } from "../../shell/session";
import type { FileScreenProps } from "../props";
import { ActDialog } from "./ActDialog";
import "./deployments.css";
import { FileSwitch } from "./FileSwitch";
import { GateDialog } from "./GateDialog";
import { History } from "./History";
import { type Place, PointerCard } from "./PointerCard";
import { suggestion } from "./suggestion";

const EVERY_MS = 10_000;

export default function Deployments({ file, address }: FileScreenProps) {
  const pointers = usePointers(file, EVERY_MS);
  const places = useLoaded("environments", (signal) =>
    ask<Body<"EnvironmentList">>("GET", ["environments"], { signal }),
  );
  const versions = useVersions(file);
  const [done, setDone] = useState<string | null>(null);
  const [turn, setTurn] = useState(0);
  const error = pointers.error ?? places.error;
  if (error && !pointers.value) return <Failure error={error} again={pointers.reload} />;
  if (!pointers.value || !places.value) return <Loading />;
  const close = () => go(to(address.parts));
  const finish = (said: string) => {
    setDone(said);
    setTurn((n) => n + 1);
    pointerMoved.dispatchEvent(new Event("moved"));
    close();
  };
  const act = address.query.get("do");
  const pointer = address.query.get("pointer");
  const all = pointers.value.pointers;
  return (
    <div className="page stack deployments">
      {done && (
        <p className="done" role="status">
          {done}
        </p>
      )}
      <FileSwitch file={pointers.value.file} isOff={pointers.value.is_off} onDone={finish} />
      <Cards
        {...{ file, address, turn }}
        places={placesOf(places.value.environments, all)}
        all={all}
        newest={versions.value?.[0]?.numbers.at(-1) ?? null}
      />
      <History file={file} pointer={act ? null : pointer} address={address} turn={turn} />
      {act && act !== "gate" && pointer && (
        <ActDialog
          key={`${act} ${pointer}`}
          {...{ file, address, act, pointer, all }}
          versions={versions.value ?? []}
          onClose={close}
          onDone={finish}
        />
      )}
      {act === "gate" && pointer && (
        <GateDialog
          place={{ name: pointer, parts: ["files", file, "pointers", pointer, "gate"] }}
          onClose={close}
          onDone={finish}
        />
      )}
    </div>
  );
}

/** The environments in their order, also those to which nothing is deployed, then the aliases. */
function placesOf(environments: Body<"EnvironmentBody">[], all: Body<"LiveBody">[]): Place[] {
  const known = environments.map((one) => ({
    name: one.name,
    isDefault: one.is_default,
    isEnvironment: true,
    live: all.find(({ pointer }) => pointer.kind === "environment" && pointer.id === one.id) ?? null,
  }));
  const aliases = all.filter(({ pointer }) => pointer.kind === "alias");
  const rest = aliases.map((live) => ({
    name: live.pointer.name,
    isDefault: false,
    isEnvironment: false,
    live,
  }));
  return [...known, ...rest];
}

interface CardsProps {
  file: string;
  address: Address;
  turn: number;
  places: Place[];
  all: Body<"LiveBody">[];
  newest: number | null;
}

function Cards({ file, address, turn, places, all, newest }: CardsProps) {
  const mayMove = useMay("editor");
  const mayGate = useMay("admin");
  const here = address.query.get("pointer");
  return (
    <div className="pointer-cards">
      {places.map((place) => (
        <PointerCard
          key={`${place.isEnvironment} ${place.name}`}
          file={file}
          place={place}
          isHere={place.name === here}
          next={mayMove && place.live ? suggestion(place.live, all, newest) : null}
          others={all.length - (place.live ? 1 : 0)}
          linkTo={(query) => to(address.parts, query)}
          turn={turn}
          {...{ mayMove, mayGate, newest }}
        />
      ))}
    </div>
  );
}
