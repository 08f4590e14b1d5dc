/** The steps of an execution as they are loaded, and as the grid shows them. */
import { useCallback, useMemo, useState } from "react";
import { useLoaded } from "../../loaded";
import { ask, type Body } from "../../server";
import type { BarRow } from "../trace/bars";

export type Step = Body<"StepLine">;
const PAGE = 2000;

/** All steps of an execution, page by page as they are wanted; again and again while it goes on. */
export function useSteps(execution: string, isGoing: boolean) {
  const [pages, setPages] = useState(1);
  const loaded = useLoaded(
    `${execution} ${pages}`,
    async (signal) => {
      const steps: Step[] = [];
      let page = await pageOf(execution, null, signal);
      steps.push(...page.steps);
      for (let turn = 1; turn < pages && page.next !== null; turn++) {
        page = await pageOf(execution, page.next, signal);
        steps.push(...page.steps);
      }
      return { ...page, steps };
    },
    { everyMs: isGoing ? 1000 : undefined },
  );
  const rows = useMemo(() => (loaded.value?.steps ?? []).map(rowOf), [loaded.value]);
  const more = useCallback(() => setPages((count) => count + 1), []);
  return { ...loaded, rows, more };
}

function pageOf(execution: string, after: string | null, signal: AbortSignal): Promise<Body<"StepPage">> {
  return ask("GET", ["executions", execution, "steps"], { query: { take: PAGE, after }, signal });
}

export function rowOf(step: Step): BarRow {
  return {
    id: step.id,
    parent: step.parent,
    depth: step.depth,
    name: step.name,
    type: step.type,
    look: step.kind === "node" ? step.type : step.kind,
    state: step.state,
    offsetMs: step.offset_ms,
    durationMs: step.duration_ms,
    scores: step.scores,
  };
}
