/** What is told of a file on each of its tabs: where it is, what is live of it, and what to do next. */
import { to } from "../address";
import type { About } from "../parts/files";
import { IdChip } from "../parts/IdChip";
import { Dot, Kind } from "../parts/simple";
import { aimed, type Live, usePointers } from "../parts/versions";
import { suggestion } from "../screens/deployments/suggestion";
import { useMay } from "./session";
import "./file-head.css";

const EVERY_MS = 10_000;
const MOST = 4;

export function FileHead({ file }: { file: About }) {
  const folder = file.path.slice(0, file.path.length - file.name.length);
  const pointers = usePointers(file.id, EVERY_MS);
  const all = pointers.value?.pointers ?? [];
  const deployments = to(["f", file.id, "deployments"]);
  return (
    <header className="file-head">
      <div className="row wrap file-title">
        <Kind type={file.type} />
        {folder && <span className="quiet">{folder.replaceAll("/", " / ")}</span>}
        <h1>{file.name}</h1>
        <IdChip id={file.id} />
      </div>
      {pointers.value?.is_off && (
        <a className="off-note" href={deployments}>
          <Dot tone="bad" /> The whole {file.type} is switched off
        </a>
      )}
      <ul className="pointer-chips" aria-label="What is live">
        {all.slice(0, MOST).map((live) => (
          <PointerChip
            key={live.pointer.id}
            file={file.id}
            live={live}
            all={all}
            newest={file.newest?.number ?? null}
          />
        ))}
        {all.length > MOST && (
          <li>
            <a className="link" href={deployments}>
              {all.length - MOST} more
            </a>
          </li>
        )}
        {pointers.value && all.length === 0 && (
          <li>
            <a className="link" href={deployments}>
              Nothing is deployed
            </a>
          </li>
        )}
      </ul>
    </header>
  );
}

function PointerChip(props: { file: string; live: Live; all: Live[]; newest: number | null }) {
  const { file, live, all, newest } = props;
  const mayMove = useMay("editor");
  const next = mayMove ? suggestion(live, all, newest) : null;
  const parts = ["f", file, "deployments"];
  return (
    <li className="pointer-chip">
      <a
        className="row"
        href={to(parts, { pointer: live.pointer.name })}
        title={live.is_off ? "Switched off" : undefined}
      >
        <Dot tone={live.is_off ? "bad" : "good"} />
        <strong className="clip">{live.pointer.name}</strong>
        <span className="chip">{aimed(live)}</span>
        {live.shares.length > 0 && <span className="quiet">split</span>}
        {live.is_off && <span className="tone-bad">off</span>}
      </a>
      {next && (
        <a className={next.isMain ? "button main" : "button bare quiet"} href={to(parts, next.query)}>
          {next.name}
        </a>
      )}
    </li>
  );
}
