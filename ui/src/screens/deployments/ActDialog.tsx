/** One change of a pointer: what would come of it is shown first, then it is confirmed with a reason. */
import { useState } from "react";
import { type Address, go, withQuery } from "../../address";
import { useLoaded } from "../../loaded";
import { Dialog } from "../../parts/Dialog";
import { Button, Failure, Field, Loading } from "../../parts/simple";
import type { Live, VersionOption } from "../../parts/versions";
import { ask, type Body, Refusal } from "../../server";
import { useMay } from "../../shell/session";
import { ActForm } from "./ActForm";
import { type Choice, requestOf, type Said, type ShareInput, TITLES } from "./acts";
import { outcome, Rehearsal } from "./Rehearsal";

export type Moved = Body<"MovedBody">;

export interface ActDialogProps {
  file: string;
  address: Address;
  act: string;
  pointer: string;
  all: Live[];
  versions: VersionOption[];
  onClose: () => void;
  onDone: (said: string) => void;
}

export function ActDialog(props: ActDialogProps) {
  const { file, act, pointer, onClose } = props;
  const state = useLoaded(`state ${file} ${pointer}`, (signal) =>
    ask<Live>("GET", ["files", file, "pointers", pointer], { signal }),
  );
  const title = TITLES[act]?.(pointer);
  if (!title) return null;
  return (
    <Dialog title={title} onClose={onClose} isWide>
      {state.error && <Failure error={state.error} again={state.reload} />}
      {!state.value && !state.error && <Loading />}
      {state.value && <Change {...props} state={state.value} lookAgain={state.reload} />}
    </Dialog>
  );
}

/** What was chosen is in the address, but for what only this dialog has. */
function useChoice(props: ActDialogProps, state: Live): [Choice, (changes: Partial<Choice>) => void] {
  const { address, act, pointer, all } = props;
  const [shares, setShares] = useState<ShareInput[]>(() => sharesOf(state));
  const others = all.filter((one) => one.pointer.id !== state.pointer.id);
  const query = address.query;
  const choice = {
    act,
    pointer,
    from: query.get("from") ?? others[0]?.pointer.name ?? "",
    version: query.get("version") ?? "",
    move: query.get("move") ?? "",
    shares,
    isOff: !state.is_off,
  };
  const choose = ({ shares: chosen, from, version }: Partial<Choice>) => {
    if (chosen) setShares(chosen);
    if (from || version) go(withQuery(address, { from, version }), { replace: true });
  };
  return [choice, choose];
}

/** The split that is there; else what would be one: the version that is live, and room for another. */
function sharesOf(live: Live): ShareInput[] {
  const name = (one: { number: number | null; version_id: string | null }) =>
    String(one.number ?? one.version_id ?? "");
  if (live.shares.length) return live.shares.map((one) => ({ version: name(one), weight: one.weight }));
  return [
    { version: name(live), weight: 90 },
    { version: "", weight: 10 },
  ];
}

function Change(props: ActDialogProps & { state: Live; lookAgain: () => void }) {
  const { file, pointer, state, lookAgain, onDone, onClose } = props;
  const mayOverride = useMay("admin");
  const [choice, choose] = useChoice(props, state);
  const [reason, setReason] = useState("");
  const [isOverride, setOverride] = useState(false);
  const [failure, setFailure] = useState<Error | null>(null);
  const [isBusy, setBusy] = useState(false);
  const expected = state.move_id ?? "nothing";
  const send = (said: Said, signal?: AbortSignal) => {
    const request = requestOf(choice, said);
    if (!request) return Promise.resolve(null);
    const parts = ["files", file, "pointers", pointer, ...request.parts];
    return ask<Moved>(request.method, parts, { query: request.query, body: request.body, signal });
  };
  const rehearsed = useLoaded(JSON.stringify([choice, expected]), (signal) =>
    send({ expected, dry_run: true }, signal),
  );
  const would = rehearsed.value;
  const isClosed = would !== null && !would.verdict.is_open;
  const confirm = async (event: React.FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setFailure(null);
    try {
      const override = isClosed && isOverride ? true : undefined;
      const moved = await send({ expected, reason: reason.trim() || undefined, override });
      if (moved) onDone(outcome(choice, moved));
    } catch (error) {
      setFailure(error as Error);
      setBusy(false);
    }
  };
  const again = () => {
    setFailure(null);
    lookAgain();
  };
  const problem = failure ?? rehearsed.error;
  const isStale = problem instanceof Refusal && problem.code === "stale";
  const mayPass = !isClosed || (isOverride && reason.trim() !== "");
  const canGo = would?.is_new === true && !rehearsed.isLoading && !isStale && mayPass;
  return (
    <form className="stack" onSubmit={confirm}>
      <ActForm {...props} choice={choice} choose={choose} />
      {problem && <Trouble error={problem} again={isStale ? again : undefined} />}
      {!problem && rehearsed.isLoading && <Loading what="Looking at what would come of it" />}
      {would && !rehearsed.error && !isStale && <Rehearsal choice={choice} would={would} />}
      {isClosed && mayOverride && choice.act !== "switch" && (
        <label className="row override">
          <input type="checkbox" checked={isOverride} onChange={() => setOverride(!isOverride)} />
          <span>Pass the closed gate all the same. It is kept in the history, with the reason.</span>
        </label>
      )}
      <Field
        name={isClosed ? "Reason (needed to pass the gate)" : "Reason"}
        about={choice.act === "switch" ? "Callers are told." : "For the history."}
      >
        <input className="input" value={reason} onChange={(event) => setReason(event.target.value)} />
      </Field>
      <footer>
        <Button onClick={onClose}>Cancel</Button>
        <Button look="main" type="submit" disabled={!canGo || isBusy}>
          {isBusy ? "Doing it …" : verb(choice)}
        </Button>
      </footer>
    </form>
  );
}

const VERBS: Record<string, string> = {
  promote: "Promote",
  move: "Deploy",
  rollback: "Roll back",
  split: "Split",
  "take-away": "Take away",
};

function verb(choice: Choice): string {
  if (choice.act === "split" && choice.shares.length === 0) return "End the split";
  return choice.act === "switch"
    ? choice.isOff
      ? "Switch off"
      : "Switch on"
    : (VERBS[choice.act] ?? "Do it");
}

/** What was refused; when somebody else was faster, the way to see what is there now. */
function Trouble({ error, again }: { error: Error; again?: () => void }) {
  return (
    <div className="stack">
      <Failure error={error} />
      {again && (
        <p className="row wrap">
          <span>Somebody else was faster. Nothing was changed by you.</span>
          <Button onClick={again}>Look again</Button>
        </p>
      )}
    </div>
  );
}
