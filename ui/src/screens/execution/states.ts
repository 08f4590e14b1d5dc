/** What the states of executions and of their steps look like. */
import type { RunState } from "../../canvas/FlowNode";
import type { Tone } from "../../parts/simple";
import type { Body } from "../../server";

const STEP: Record<Body<"BarState">, Tone> = {
  Succeeded: "good",
  Failed: "bad",
  Running: "busy",
  Waiting: "warn",
  Aborted: "plain",
};

export function toneOfState(state: Body<"BarState">): Tone {
  return STEP[state];
}

const STATUS: Record<Body<"Status">, Tone> = { ...STEP, TimedOut: "bad" };

export function toneOfStatus(status: Body<"Status">): Tone {
  return STATUS[status];
}

/** A status as people write it. */
export function wordOfStatus(status: Body<"Status">): string {
  return (
    { TimedOut: "Timed out", Aborted: "Stopped", Waiting: "Waits for an answer" }[status as string] ?? status
  );
}

export function isGoing(status: Body<"Status">): boolean {
  return status === "Running" || status === "Waiting";
}

const CANVAS: Record<Body<"BarState">, RunState> = {
  Succeeded: "done",
  Failed: "failed",
  Running: "running",
  Waiting: "waiting",
  Aborted: "skipped",
};

export function runStateOf(state: Body<"BarState">): RunState {
  return CANVAS[state];
}
