/** What to do on a server that has nothing yet: an example by one click, or a first flow by any client. */

import { useState } from "react";
import { type Address, go, withQuery } from "../../address";
import { useLoaded } from "../../loaded";
import { fileLink, filesChanged } from "../../parts/files";
import { Button, Copy, Failure } from "../../parts/simple";
import { ask, type Body } from "../../server";
import { useMay, useWho } from "../../shell/session";
import { NewFlow } from "./NewFlow";
import { serverAddress, steps } from "./steps";

export function FirstSteps({ address, isEmpty }: { address: Address; isEmpty: boolean }) {
  const who = useWho();
  const all = steps(serverAddress(location.href), who?.is_open ?? false);
  const shown = all.find((one) => one.name === address.query.get("with")) ?? all[0];
  return (
    <div className="first-steps">
      <header className="stack">
        <h1>{isEmpty ? "Nothing is here yet" : "First steps"}</h1>
        <p className="quiet">
          Flows are written by programs and by people, with the clients they already have. Each change is a
          version; each version can be run, compared, deployed and judged.
        </p>
      </header>
      <Examples />
      <section className="stack" aria-label="A first flow">
        <h2>Make a first flow</h2>
        <div className="row wrap">
          <NewFlow />
          <span className="quiet">and draw it here, or make it with a client:</span>
        </div>
        <nav className="row wrap" aria-label="By which client">
          {all.map((one) => (
            <a
              key={one.name}
              className="button"
              href={withQuery(address, { with: one.name })}
              aria-current={one === shown ? "true" : undefined}
            >
              {one.name}
            </a>
          ))}
        </nav>
        {shown && (
          <>
            <p className="quiet">{shown.about}</p>
            <Copy text={shown.install} />
            <Copy text={shown.code} />
          </>
        )}
      </section>
    </div>
  );
}

function Examples() {
  const found = useLoaded("examples", (signal) => ask<Body<"ExampleList">>("GET", ["examples"], { signal }));
  const mayLoad = useMay("editor");
  const [loading, setLoading] = useState<string | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const load = async (name: string) => {
    setLoading(name);
    setError(null);
    try {
      const made = await ask<Body<"LoadedBody">>("POST", ["examples", name]);
      filesChanged.dispatchEvent(new Event("changed"));
      go(fileLink(made.file.id));
    } catch (failed) {
      setError(failed as Error);
      setLoading(null);
    }
  };
  return (
    <section className="stack" aria-label="Examples">
      <h2>Look at an example</h2>
      {(found.value?.examples ?? []).map((one) => (
        <article key={one.name} className="card example">
          <div className="grow">
            <h3>{one.title}</h3>
            <p className="quiet">{one.about}</p>
          </div>
          {one.file_id ? (
            <a className="button" href={fileLink(one.file_id)}>
              Open
            </a>
          ) : (
            <Button
              look="main"
              disabled={!mayLoad || loading !== null}
              title={mayLoad ? undefined : "Needs a key with the right editor"}
              onClick={() => load(one.name)}
            >
              {loading === one.name ? "Loading …" : "Load it"}
            </Button>
          )}
        </article>
      ))}
      {found.error && <Failure error={found.error} again={found.reload} />}
      {error && <Failure error={error} />}
    </section>
  );
}
