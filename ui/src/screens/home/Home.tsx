/** All files, the last changed first, or those that have some words in their paths. */
import { useEffect, useState } from "react";
import { type Address, go, to, withQuery } from "../../address";
import { useLoaded } from "../../loaded";
import type { FileList } from "../../parts/files";
import { Empty, Failure, Loading } from "../../parts/simple";
import { counted } from "../../parts/words";
import { ask } from "../../server";
import type { ScreenProps } from "../props";
import { FilesTable } from "./FilesTable";
import { FirstSteps } from "./FirstSteps";
import { NewFlow } from "./NewFlow";
import "./home.css";

const AT_ONCE = 50;
const EVERY_MS = 15_000;
const TYPES = ["flow", "prompt", "tool", "evaluator", "dataset", "agent"];

export default function Home({ address }: ScreenProps) {
  const search = address.query.get("search") ?? "";
  const type = address.query.get("type");
  const after = address.query.get("after");
  const query = { search, type, after, take: AT_ONCE };
  const found = useLoaded(
    `files ${search} ${type} ${after}`,
    (signal) => ask<FileList>("GET", ["files"], { query, signal }),
    { everyMs: EVERY_MS },
  );
  const isPlain = !search && !type && !after;
  const isEmpty = isPlain && found.value?.files.length === 0;
  if (isEmpty || address.query.has("start")) return <FirstSteps address={address} isEmpty={isEmpty} />;
  return (
    <div className="page stack">
      <header className="row wrap">
        <h1>Files</h1>
        <span className="grow" />
        <a className="link" href={to([], { start: "1" })}>
          First steps
        </a>
        <NewFlow />
      </header>
      <div className="row wrap">
        <Search key={search} address={address} text={search} />
        <Types address={address} type={type} />
      </div>
      {found.error && <Failure error={found.error} again={found.reload} />}
      {!found.value && !found.error && <Loading />}
      {found.value && <Found address={address} list={found.value} search={search} />}
    </div>
  );
}

function Found({ address, list, search }: { address: Address; list: FileList; search: string }) {
  if (list.files.length === 0) {
    return (
      <Empty title={search ? `Nothing is called “${search}”` : "No files of this type"}>
        <a className="link" href={to([])}>
          Show all files
        </a>
      </Empty>
    );
  }
  const isCut = list.total !== null && list.total > list.files.length;
  return (
    <>
      {list.total !== null && (
        <p className="quiet" role="status">
          {isCut
            ? `The best ${list.files.length} of ${counted(list.total, "file")}`
            : counted(list.total, "file")}
        </p>
      )}
      <FilesTable files={list.files} />
      <nav className="row" aria-label="Pages">
        {address.query.get("after") && (
          <a className="button" href={withQuery(address, { after: null })}>
            ← Newest
          </a>
        )}
        {list.next && (
          <a className="button" href={withQuery(address, { after: list.next })}>
            Older →
          </a>
        )}
      </nav>
    </>
  );
}

const TYPING_MS = 200;

function Search({ address, text }: { address: Address; text: string }) {
  const [typed, setTyped] = useState(text);
  useEffect(() => {
    if (typed.trim() === text) return;
    const timer = window.setTimeout(
      () => go(withQuery(address, { search: typed.trim(), after: null }), { replace: true }),
      TYPING_MS,
    );
    return () => window.clearTimeout(timer);
  }, [typed, text, address]);
  return (
    <input
      type="search"
      className="input files-search"
      placeholder="Words of the path"
      aria-label="Words of the path"
      value={typed}
      onChange={(event) => setTyped(event.target.value)}
    />
  );
}

function Types({ address, type }: { address: Address; type: string | null }) {
  return (
    <label className="row">
      <span className="quiet">Type</span>
      <select
        className="input types"
        value={type ?? ""}
        onChange={(event) => go(withQuery(address, { type: event.target.value, after: null }))}
      >
        <option value="">all</option>
        {TYPES.map((one) => (
          <option key={one}>{one}</option>
        ))}
      </select>
    </label>
  );
}
