/** Two versions run on the same inputs, side by side, as they come. */
import { useEffect, useRef, useState } from "react";
import { go, withQuery } from "../../address";
import { Button, Copy, Empty, Failure } from "../../parts/simple";
import { VersionPick } from "../../parts/VersionPick";
import { usePointers, useVersions } from "../../parts/versions";
import { counted } from "../../parts/words";
import { askLines } from "../../server";
import { useMay } from "../../shell/session";
import type { FileScreenProps } from "../props";
import "./compare.css";
import { after, type Line, NOTHING, type Seen, type Source, typedInputs } from "./comparison";
import { InputsForm } from "./InputsForm";
import { split } from "./Judges";
import { PairCard } from "./PairCard";
import { TotalsTable } from "./TotalsTable";

export default function Compare({ file, about, address }: FileScreenProps) {
  const mayRun = useMay("runner");
  const versions = useVersions(file);
  const pointers = usePointers(file);
  const [typed, setTyped] = useState("");
  const { seen, error, isRunning, run, stop } = useComparison(file);
  const query = (name: string) => address.query.get(name) ?? "";
  const options = {
    versions: versions.value ?? [],
    pointers: pointers.value?.pointers ?? [],
    hasDraft: true,
  };
  const from = query("from") || options.pointers[0]?.pointer.name || "";
  const until = query("to") || String(about.newest?.number ?? about.newest?.version_id ?? "");
  const source = (query("on") || "last") as Source;
  const pick = (changes: Record<string, string>) => go(withQuery(address, changes), { replace: true });
  const start = (event: React.FormEvent) => {
    event.preventDefault();
    const on: Record<Source, object> = {
      last: { last: Number(query("last") || 5) },
      dataset: { dataset: query("dataset") },
      typed: { inputs: typedInputs(typed, about.type !== "flow") },
    };
    run({ from, to: until, ...on[source], evaluators: split(query("judges")) });
  };
  return (
    <div className="page stack compare">
      <form className="card stack" onSubmit={start}>
        <div className="row wrap">
          <VersionPick label="Before" value={from} onPick={(ref) => pick({ from: ref })} {...options} />
          <span aria-hidden="true">and</span>
          <VersionPick label="After" value={until} onPick={(ref) => pick({ to: ref })} {...options} />
        </div>
        <InputsForm {...{ source, query, pick, typed, setTyped }} type={about.type} />
        <div className="row wrap">
          {isRunning ? (
            <Button look="danger" onClick={stop}>
              Stop
            </Button>
          ) : (
            <Button look="main" type="submit" disabled={!mayRun || !from || !until}>
              Run both
            </Button>
          )}
          {!mayRun && <span className="quiet">Running needs a key with the right runner.</span>}
          <Progress seen={seen} isRunning={isRunning} />
        </div>
      </form>
      {error && <Failure error={error} />}
      {seen.totals && <TotalsTable totals={seen.totals} opening={seen.opening} />}
      {seen.pairs.map((pair) => (
        <PairCard key={pair.index} pair={pair} opening={seen.opening} />
      ))}
      {!seen.opening && !error && !isRunning && (
        <Empty title="Nothing was run yet">
          <p className="quiet">
            Both versions run on the same inputs, as ordinary runs that are logged, and what they answer
            stands side by side. The same on the command line:
          </p>
          <Copy text={command(about.path, from || "1", until || "2")} />
        </Empty>
      )}
    </div>
  );
}

function command(path: string, from: string, until: string): string {
  const quoted = /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
  return `headrace compare ${quoted} ${from} ${until} --executions last:5`;
}

function Progress({ seen, isRunning }: { seen: Seen; isRunning: boolean }) {
  if (!isRunning) return null;
  const of = seen.opening?.inputs;
  return (
    <span className="row" role="status">
      <progress
        max={of ?? 1}
        value={of === undefined ? undefined : seen.pairs.length}
        aria-label="Progress"
      />
      {of === undefined ? "Beginning …" : `${seen.pairs.length} of ${counted(of, "input")}`}
    </span>
  );
}

/** Runs a comparison and takes its lines in; going away stops it. */
function useComparison(file: string) {
  const [seen, setSeen] = useState(NOTHING);
  const [error, setError] = useState<Error | null>(null);
  const [isRunning, setRunning] = useState(false);
  const going = useRef<AbortController | null>(null);
  useEffect(() => () => going.current?.abort(), []);
  const run = async (body: object) => {
    const mine = new AbortController();
    going.current = mine;
    setSeen(NOTHING);
    setError(null);
    setRunning(true);
    let last: Line | null = null;
    try {
      for await (const line of askLines<Line>("POST", ["files", file, "compare"], {
        body,
        signal: mine.signal,
      })) {
        last = line;
        setSeen((now) => after(now, line));
      }
      if (last?.line !== "summary") throw new Error("The comparison was broken off before its end.");
    } catch (failure) {
      if (!mine.signal.aborted) setError(failure as Error);
    } finally {
      if (going.current === mine) setRunning(false);
    }
  };
  const stop = () => {
    going.current?.abort();
    setRunning(false);
  };
  return { seen, error, isRunning, run, stop };
}
