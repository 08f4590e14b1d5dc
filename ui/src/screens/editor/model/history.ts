/** What was done, so that it can be undone. Typing in one field is one step. */

export interface History<State> {
  past: State[];
  present: State;
  future: State[];
  /** What the last step was about; another one about the same goes on with it. */
  about: string | null;
}

const MOST = 200;

export function begin<State>(present: State): History<State> {
  return { past: [], present, future: [], about: null };
}

export function push<State>(
  history: History<State>,
  next: State,
  about: string | null = null,
): History<State> {
  if (next === history.present) return history;
  const goesOn = about !== null && about === history.about;
  const past = goesOn ? history.past : [...history.past, history.present].slice(-MOST);
  return { past, present: next, future: [], about };
}

/** Change what is there without a step of its own: what only follows from the last one. */
export function amend<State>(history: History<State>, next: State): History<State> {
  return { ...history, present: next };
}

export function undo<State>(history: History<State>): History<State> {
  const past = [...history.past];
  const present = past.pop();
  if (present === undefined) return history;
  return { past, present, future: [history.present, ...history.future], about: null };
}

export function redo<State>(history: History<State>): History<State> {
  const [present, ...future] = history.future;
  if (present === undefined) return history;
  return { past: [...history.past, history.present], present, future, about: null };
}
