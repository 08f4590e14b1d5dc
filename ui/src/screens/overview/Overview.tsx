/** A file at a glance: what came of it, what is live of it, its newest versions. */
import { type Address, to, withQuery } from "../../address";
import { useLoaded } from "../../loaded";
import type { About } from "../../parts/files";
import { Copy, Empty, Failure, Loading } from "../../parts/simple";
import { refOf } from "../../parts/VersionPick";
import { ask, type Body } from "../../server";
import type { FileScreenProps } from "../props";
import { useVersionList } from "../versions/useVersionList";
import { VersionsTable } from "../versions/VersionsTable";
import { Environments } from "./Environments";
import { Figures } from "./Figures";
import { FiguresTable } from "./FiguresTable";
import { RANGES, rangeOf, spanOf } from "./range";
import "./overview.css";

const EVERY_MS = 30_000;
const NEWEST = 5;

export default function Overview({ file, about, address }: FileScreenProps) {
  const { range, grain } = rangeOf(address.query);
  const found = useLoaded(
    `dashboard ${file} ${range.name} ${grain}`,
    (signal) =>
      ask<Body<"DashboardBody">>("GET", ["files", file, "dashboard"], {
        query: spanOf(range, grain, new Date()),
        signal,
      }),
    { everyMs: EVERY_MS },
  );
  return (
    <div className="page overview">
      {about.description && <p className="described">{about.description}</p>}
      <section className="stack" aria-label="What came of it">
        {about.logs_count === 0 ? (
          <NothingRan about={about} />
        ) : (
          <>
            <Pickers address={address} />
            {found.error && <Failure error={found.error} again={found.reload} />}
            {!found.value && !found.error && <Loading />}
            {found.value && <Figures file={file} dashboard={found.value} />}
            {found.value && found.value.total.logs > 0 && <FiguresTable dashboard={found.value} />}
          </>
        )}
      </section>
      <Environments file={file} />
      <Newest file={file} total={about.versions_count} />
    </div>
  );
}

function Pickers({ address }: { address: Address }) {
  const { range, grain } = rangeOf(address.query);
  return (
    <div className="row wrap pickers">
      <nav className="choice" aria-label="Time">
        {RANGES.map((one) => (
          <a
            key={one.name}
            href={withQuery(address, { range: one.name, grain: null })}
            aria-current={one === range ? "true" : undefined}
          >
            {one.title}
          </a>
        ))}
      </nav>
      <nav className="choice" aria-label="By">
        {range.grains.map((one) => (
          <a
            key={one}
            href={withQuery(address, { grain: one })}
            aria-current={one === grain ? "true" : undefined}
          >
            by {one}
          </a>
        ))}
      </nav>
    </div>
  );
}

function NothingRan({ about }: { about: About }) {
  const name = about.path.replaceAll('"', '\\"');
  return (
    <Empty title="Nothing was logged of it yet">
      {about.type === "flow" && about.is_runnable ? (
        <>
          <p className="quiet">Run it here, by any client, or from the command line:</p>
          <Copy text={`headrace run "${name}" --input '{"…": "…"}'`} />
          <a className="button main" href={to(["f", about.id, "playground"])}>
            Open the playground
          </a>
        </>
      ) : (
        <p className="quiet">Once a program logs what it does with it, it will be here.</p>
      )}
    </Empty>
  );
}

function Newest({ file, total }: { file: string; total: number | null }) {
  const pages = useVersionList(file);
  const all = to(["f", file, "versions"]);
  if (pages.first.error) return <Failure error={pages.first.error} again={pages.first.reload} />;
  if (pages.rows.length === 0) return null;
  return (
    <section className="stack" aria-label="Newest versions">
      <header className="row">
        <h2 className="grow">Newest versions</h2>
        {total !== null && total > NEWEST && (
          <a className="link" href={all}>
            All {total}
          </a>
        )}
      </header>
      <div className="table-box card">
        <VersionsTable
          file={file}
          rows={pages.rows.slice(0, NEWEST)}
          link={(row) => to(["f", file, "versions"], { version: refOf(row) })}
        />
      </div>
    </section>
  );
}
