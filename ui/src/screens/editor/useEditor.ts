/** What is being edited: the definition with its history, the level that is shown, and what is chosen in it. */
import { useCallback, useEffect, useState } from "react";
import { type Address, go, parse, withQuery } from "../../address";
import type { Definition } from "../../canvas/definition";
import { amend, begin, type History, push, redo, undo } from "./model/history";
import { type Level, levelAt, withLevel } from "./model/levels";
import { setVariables } from "./model/settings";
import { type DraftBody, type Kept, useDraft } from "./useDraft";
import { type Judged, useVerdict, type Verdict } from "./useVerdict";

/** Changes a level; what it is `about` goes on with the step before when that was about the same. */
export type Apply = (change: (level: Level) => Level, about?: string) => void;

export interface Editing extends Kept, Judged {
  definition: Definition;
  level: Level;
  loops: string[];
  history: History<Definition>;
  apply: Apply;
  /** Put another definition there, as one step. */
  replace: (definition: Definition) => void;
  undo: () => void;
  redo: () => void;
  chosen: string[];
  /** Choose nodes; the connection that is chosen is let go, unless it is kept. */
  choose: (names: string[], keepsConnection?: boolean) => void;
  connection: string | null;
  chooseConnection: (name: string | null) => void;
  enter: (loops: string[], node?: string) => void;
}

const partsOf = (text: string | null) => (text ? text.split("/") : []);

export function useEditor(first: DraftBody, address: Address): Editing {
  const [history, setHistory] = useState(() => begin(first.definition as Definition));
  const [chosen, setChosen] = useState(() => partsOf(address.query.get("node")));
  const [connection, setConnection] = useState<string | null>(null);
  const definition = history.present;
  const asked = partsOf(address.query.get("loop"));
  const loops = levelAt(definition, asked) ? asked : [];
  const level = levelAt(definition, loops) ?? definition;
  const within = loops.join("/");

  const apply = useCallback<Apply>(
    (change, about) => {
      setHistory((now) => {
        const path = partsOf(within);
        const before = levelAt(now.present, path);
        if (!before) return now;
        const after = change(before);
        const key = about === undefined ? null : `${within} ${about}`;
        return after === before ? now : push(now, withLevel(now.present, path, after), key);
      });
    },
    [within],
  );
  const choose = useCallback((names: string[], keepsConnection = false) => {
    setChosen(names);
    if (!keepsConnection) setConnection(null);
    tellAddress({ node: names.length === 1 ? names[0] : null });
  }, []);
  const chooseConnection = useCallback((name: string | null) => {
    if (name !== null) setChosen([]);
    setConnection(name);
  }, []);
  const enter = useCallback(
    (path: string[], node?: string) => {
      setChosen(node ? [node] : []);
      setConnection(null);
      tellAddress({ loop: path.join("/"), node: node ?? null }, { replace: path.join("/") === within });
    },
    [within],
  );
  const wanted = address.query.get("node");
  useEffect(() => {
    setChosen((now) => ((now.length === 1 ? now[0] : null) === wanted ? now : partsOf(wanted)));
  }, [wanted]);
  const judged = useVerdict(definition, (verdict) =>
    setHistory((now) => amend(now, withAllVariables(now.present, verdict))),
  );
  return {
    ...useDraft(first, definition),
    ...judged,
    definition,
    level,
    loops,
    history,
    apply,
    replace: (next) => setHistory((now) => push(now, next)),
    undo: () => setHistory(undo),
    redo: () => setHistory(redo),
    chosen,
    choose,
    connection,
    chooseConnection,
    enter,
  };
}

function tellAddress(changes: Record<string, string | null | undefined>, { replace = true } = {}): void {
  go(withQuery(parse(location.hash), changes), { replace });
}

/** The inputs of prompts follow the variables that the server found in their texts. */
function withAllVariables(definition: Definition, verdict: Verdict): Definition {
  return verdict.variables.reduce((whole, { within, node, names }) => {
    const level = levelAt(whole, within);
    const next = level && setVariables(level, node, names);
    return next && next !== level ? withLevel(whole, within, next) : whole;
  }, definition);
}
