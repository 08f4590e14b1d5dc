import { Badge, Button, Chip } from "../../parts/simple";
import { counted, duration } from "../../parts/words";
import { ValueBox } from "../execution/ValueBox";
import type { NodeRun } from "./live";

const TONES = { done: "good", failed: "bad", running: "busy", waiting: "warn", skipped: "plain" } as const;

export interface NodePanelProps {
  name: string;
  /** Its last run; null when it did not run yet. */
  run: NodeRun | null;
  onClose: () => void;
}

/** What a node was given and what it gave when it last ran. */
export function NodePanel({ name, run, onClose }: NodePanelProps) {
  return (
    <aside className="playground-node" aria-label={`Node ${name}`}>
      <div className="step-details">
        <header className="row wrap">
          <h2>{name}</h2>
          {run && <Badge tone={TONES[run.state]}>{run.state}</Badge>}
          <span className="grow" />
          <Button look="bare" onClick={onClose} aria-label="Close">
            ✕
          </Button>
        </header>
        {!run && <p className="quiet">It did not run yet.</p>}
        {run && (
          <>
            <p className="quiet">
              {run.durationMs === null ? "Goes on" : duration(run.durationMs / 1000)}
              {run.times > 1 && `, ran ${counted(run.times, "time")}; this is the last`}
            </p>
            {run.error && <p className="failure">{run.error}</p>}
            {run.conditions.length > 0 && (
              <p>
                Chose{" "}
                {run.conditions.map((one) => (
                  <Chip key={one}>{one}</Chip>
                ))}
              </p>
            )}
            <Values title="Inputs" values={run.inputs} />
            <Values title="Outputs" values={run.outputs} />
          </>
        )}
      </div>
    </aside>
  );
}

function Values({ title, values }: { title: string; values: Record<string, unknown> | null }) {
  const entries = Object.entries(values ?? {}).filter(([, value]) => value !== undefined);
  if (entries.length === 0) return null;
  return (
    <section>
      <h3>{title}</h3>
      {entries.map(([port, value]) => (
        <ValueBox key={port} name={port} json={JSON.stringify(value)} />
      ))}
    </section>
  );
}
