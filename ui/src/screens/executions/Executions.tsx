/** The executions of a flow; one of them when the address names it. */

import { useState } from "react";
import { type Address, go, to, withQuery } from "../../address";
import { useLoaded } from "../../loaded";
import { Button, Copy, Empty, Failure, Loading } from "../../parts/simple";
import { ask, type Body } from "../../server";
import { Execution } from "../execution/Execution";
import type { FileScreenProps } from "../props";
import { ExecutionTable } from "./ExecutionTable";
import { Filters, said } from "./Filters";
import "./executions.css";

const EVERY_MS = 1500;
const TAKE = 50;

export default function Executions(props: FileScreenProps) {
  const id = props.address.parts[3];
  return id ? <Execution key={id} {...props} /> : <List {...props} />;
}

function List({ file, address }: FileScreenProps) {
  const filters = said(address);
  const before = address.query.get("before");
  const key = JSON.stringify([file, filters, before]);
  const [goes, setGoes] = useState(false);
  const page = useLoaded(
    key,
    (signal) =>
      ask<Body<"ExecutionList">>("GET", ["files", file, "executions"], {
        query: { ...filters, before, take: TAKE },
        signal,
      }),
    { everyMs: goes ? EVERY_MS : undefined },
  );
  if (page.value && page.value.is_going !== goes) setGoes(page.value.is_going);
  return (
    <div className="page stack executions">
      <div className="row wrap">
        <Filters address={address} />
        <span className="grow" />
        <span className="quiet" role="status">
          {goes ? "Some are running: looked at again and again" : ""}
        </span>
        <Button onClick={page.reload} disabled={page.isLoading}>
          Look again
        </Button>
        <a className="button main" href={to(["f", file, "playground"])}>
          Run it
        </a>
      </div>
      {page.error && <Failure error={page.error} again={page.reload} />}
      {!page.value && !page.error && <Loading />}
      {page.value && (
        <Found
          page={page.value}
          file={file}
          address={address}
          isFiltered={Object.values(filters).some(Boolean)}
          onChanged={page.reload}
        />
      )}
    </div>
  );
}

interface FoundProps {
  page: Body<"ExecutionList">;
  file: string;
  address: Address;
  isFiltered: boolean;
  onChanged: () => void;
}

function Found({ page, file, address, isFiltered, onChanged }: FoundProps) {
  const isFirst = !address.query.get("before");
  return (
    <>
      {page.executions.length > 0 && (
        <ExecutionTable executions={page.executions} file={file} address={address} onChanged={onChanged} />
      )}
      {page.executions.length === 0 && (isFiltered || !isFirst) && (
        <Empty title={page.next ? "None among the newest ten thousand" : "No execution is like that"}>
          <Button onClick={() => go(to(address.parts))}>Show all</Button>
        </Empty>
      )}
      {page.executions.length === 0 && !isFiltered && isFirst && <Never file={file} />}
      {(page.next || !isFirst) && (
        <nav className="row" aria-label="Pages">
          {!isFirst && (
            <a className="button" href={withQuery(address, { before: null })}>
              « Newest
            </a>
          )}
          {page.next && (
            <a className="button" href={withQuery(address, { before: page.next })}>
              Older ›
            </a>
          )}
        </nav>
      )}
    </>
  );
}

function Never({ file }: { file: string }) {
  return (
    <Empty title="This flow never ran">
      <a className="button main" href={to(["f", file, "playground"])}>
        Run it in the playground
      </a>
      <p>Or call it through Amazon Bedrock's API, or from a terminal:</p>
      <Copy text={`headrace run ${file} --input '"Hello"'`} />
    </Empty>
  );
}
