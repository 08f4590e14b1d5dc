/** The datapoints of a version of a dataset, page by page. */

import { useState } from "react";
import { useLoaded } from "../../loaded";
import { Button, Empty, Failure, Loading } from "../../parts/simple";
import { TableBox } from "../../parts/TableBox";
import { count } from "../../parts/words";
import { ask, type Body } from "../../server";
import { asMessages, partsOf } from "../logs/messages";
import { inputsOf, lineOf, type Said } from "./said";

const TAKE = 50;

export function Datapoints({ version }: { version: string }) {
  const [skip, setSkip] = useState(0);
  const page = useLoaded(`${version} ${skip}`, (signal) =>
    ask<Body<"DatapointsBody">>("GET", ["workspace", "datapoints"], {
      query: { version, skip, take: TAKE },
      signal,
    }),
  );
  if (page.error) return <Failure error={page.error} again={page.reload} />;
  if (!page.value) return <Loading />;
  const { total } = page.value;
  const rows = page.value.datapoints as Said[];
  if (total === 0) return <Empty title="This version has no datapoints" />;
  return (
    <section>
      <Table rows={rows} first={skip} />
      <p className="row datapoint-pages">
        <span className="grow quiet">
          {count(skip + 1)} to {count(skip + rows.length)} of {count(total)}
        </span>
        <Button disabled={skip === 0} onClick={() => setSkip(Math.max(0, skip - TAKE))}>
          Previous
        </Button>
        <Button disabled={skip + rows.length >= total} onClick={() => setSkip(skip + TAKE)}>
          Next
        </Button>
      </p>
    </section>
  );
}

function Table({ rows, first }: { rows: Said[]; first: number }) {
  const inputs = inputsOf(rows);
  const hasMessages = rows.some((one) => asMessages(one.messages).length > 0);
  return (
    <TableBox label="Datapoints">
      <table className="table datapoints">
        <thead>
          <tr>
            <th className="number">#</th>
            {inputs.map((name) => (
              <th key={name}>{name}</th>
            ))}
            {hasMessages && <th>Messages</th>}
            <th>Target</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row, place) => (
            <tr key={String(row.id ?? place)}>
              <td className="number quiet">{count(first + place + 1)}</td>
              {inputs.map((name) => (
                <td key={name}>
                  <Cell value={(row.inputs as Said | null)?.[name]} />
                </td>
              ))}
              {hasMessages && (
                <td>
                  <Cell value={chatText(row.messages)} />
                </td>
              )}
              <td>
                <Cell value={row.target} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableBox>
  );
}

function chatText(messages: unknown): string {
  return asMessages(messages)
    .map(
      (one) =>
        `${one.role}: ${partsOf(one)
          .map((part) => part.text)
          .join(" ")}`,
    )
    .join("\n");
}

function Cell({ value }: { value: unknown }) {
  if (value === undefined || value === null) return <span className="quiet">–</span>;
  return <div className="datapoint-cell">{lineOf(value)}</div>;
}
