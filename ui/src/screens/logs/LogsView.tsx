/** A table of logs, what it is filtered by, and the log that was chosen beside it. */
import { useState } from "react";
import { type Address, go, withQuery } from "../../address";
import { Button, Copy, Empty, Failure, Loading } from "../../parts/simple";
import { counted } from "../../parts/words";
import { ColumnsDialog } from "./ColumnsDialog";
import { useColumns } from "./columns";
import { Export } from "./Export";
import { FilterBar } from "./FilterBar";
import { asked, momentText } from "./filters";
import { LogDrawer } from "./LogDrawer";
import { LogTable } from "./LogTable";
import { type Pages, usePages } from "./pages";
import "./logs.css";

const EVERY_MS = 5_000;

export interface LogsViewProps {
  address: Address;
  /** Where the API has them. */
  parts: string[];
  /** What is asked for unless the address says otherwise. */
  usual?: Record<string, string>;
  /** What to do when there are none at all. */
  firstStep: string;
  isOfFile?: boolean;
}

export function LogsView({ address, parts, usual = {}, firstStep, isOfFile = false }: LogsViewProps) {
  const [open, setOpen] = useState<"columns" | "export" | null>(null);
  const [chosen, choose] = useColumns();
  const isLive = address.query.get("live") === "1";
  const query = { ...usual, ...asked(address.query) };
  const { pages, more, replace } = usePages(parts, query, isLive ? EVERY_MS : null);
  const log = address.query.get("log");
  const isFiltered = Object.keys(asked(address.query)).length > 0;
  const shown = isOfFile ? chosen.filter((one) => one !== "file") : chosen;
  return (
    <div className={log ? "logs with-drawer" : "logs"}>
      <section className="logs-main" aria-label="Logs">
        <div className="row wrap logs-bar">
          <FilterBar address={address} />
          <span className="grow" />
          <label className="row live">
            <input
              type="checkbox"
              checked={isLive}
              onChange={() => go(withQuery(address, { live: isLive ? null : 1 }), { replace: true })}
            />
            Auto refresh
          </label>
          <Button onClick={() => setOpen("columns")}>Columns</Button>
          <Button onClick={() => setOpen("export")}>Export</Button>
        </div>
        {pages.error && <Failure error={pages.error} again={more} />}
        {pages.rows.length > 0 && (
          <LogTable address={address} rows={pages.rows} evaluators={pages.evaluators} shown={shown} />
        )}
        <Below pages={pages} more={more} isFiltered={isFiltered} firstStep={firstStep} />
      </section>
      {log && (
        <LogDrawer
          key={log}
          id={log}
          onClose={() => go(withQuery(address, { log: null }))}
          onJudged={replace}
        />
      )}
      {open === "columns" && <ColumnsDialog shown={chosen} onChosen={choose} onClose={() => setOpen(null)} />}
      {open === "export" && <Export parts={parts} query={query} onClose={() => setOpen(null)} />}
    </div>
  );
}

interface BelowProps {
  pages: Pages;
  more: () => void;
  isFiltered: boolean;
  firstStep: string;
}

function Below({ pages, more, isFiltered, firstStep }: BelowProps) {
  if (pages.isLooking) {
    const back = pages.lookedBackTo && `, back to ${momentText(pages.lookedBackTo)}`;
    return <Loading what={back ? `Looking for more${back}` : "Looking"} />;
  }
  if (pages.isMore) {
    return (
      <p className="row logs-end">
        <Button onClick={more}>Show older</Button>
        <span className="quiet">{counted(pages.rows.length, "log")} shown</span>
      </p>
    );
  }
  if (pages.rows.length > 0) {
    return <p className="quiet logs-end">{counted(pages.rows.length, "log")}, no older ones.</p>;
  }
  if (pages.error) return null;
  if (isFiltered) {
    return (
      <Empty title="No log fits">
        <p className="quiet">Take a filter away, or look further back.</p>
      </Empty>
    );
  }
  return (
    <Empty title="No logs yet">
      <p className="quiet">Each run and each call makes one; an SDK can send them, too:</p>
      <Copy text={firstStep} />
    </Empty>
  );
}
