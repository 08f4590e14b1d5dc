/** What is live of a file in each environment, and by its aliases. */
import { to } from "../../address";
import { useLoaded } from "../../loaded";
import { Chip, Dot, Failure } from "../../parts/simple";
import { Time } from "../../parts/Time";
import { aimed, type Live, usePointers } from "../../parts/versions";
import { ask, type Body } from "../../server";

export function Environments({ file }: { file: string }) {
  const pointers = usePointers(file);
  const all = useLoaded("environments", (signal) =>
    ask<Body<"EnvironmentList">>("GET", ["environments"], { signal }),
  );
  const error = pointers.error ?? all.error;
  if (error) return <Failure error={error} />;
  if (!pointers.value || !all.value) return null;
  const live = pointers.value.pointers;
  const aliases = live.filter((one) => one.pointer.kind === "alias");
  return (
    <section className="stack" aria-label="Environments">
      <h2>Environments</h2>
      <div className="environments">
        {all.value.environments.map((place) => (
          <Card
            key={place.id}
            file={file}
            name={place.name}
            live={live.find((one) => one.pointer.id === place.id) ?? null}
          />
        ))}
        {aliases.map((one) => (
          <Card key={one.pointer.id} file={file} name={one.pointer.name} live={one} />
        ))}
      </div>
    </section>
  );
}

function Card({ file, name, live }: { file: string; name: string; live: Live | null }) {
  const isThere = live !== null && (live.version_id !== null || live.target !== null);
  return (
    <a className="card environment" href={to(["f", file, "deployments"], { pointer: name })}>
      <span className="row">
        <Dot tone={!isThere ? "plain" : live.is_off ? "bad" : "good"} />
        <strong className="clip grow">{name}</strong>
        {isThere && <Chip>{aimed(live)}</Chip>}
      </span>
      <span className="quiet">
        {!isThere && "nothing is deployed"}
        {isThere && live.shares.map((one) => `${aimed(one)}: ${one.weight}`).join(", ")}
        {isThere && live.moved_at && (
          <>
            {live.shares.length > 0 && " · "}
            {live.is_off ? "off" : "live"} since <Time at={live.moved_at} />
          </>
        )}
      </span>
    </a>
  );
}
