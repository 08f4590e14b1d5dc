/** Run any version of a flow and watch: what goes in, which nodes run, what comes out. */
import { useMemo, useState } from "react";
import { type Address, go, withQuery } from "../../address";
import { type Definition, isGraph } from "../../canvas/definition";
import { Graph } from "../../canvas/Graph";
import { useLoaded } from "../../loaded";
import { Empty, Failure, Loading } from "../../parts/simple";
import { ask, type Body } from "../../server";
import { shortValue } from "../execution/shortValue";
import type { FileScreenProps } from "../props";
import { InputForm } from "./InputForm";
import { NodePanel } from "./NodePanel";
import { RunOutput } from "./RunOutput";
import { useRun } from "./useRun";
import "./playground.css";

const NO_GRAPH: Definition = {};

export default function Playground({ file, address }: FileScreenProps) {
  const target = address.query.get("target");
  const loaded = useLoaded(`${file} ${target}`, (signal) =>
    ask<Body<"RunForm">>("GET", ["files", file, "run-form"], { query: { target }, signal }),
  );
  // Another target keeps what was typed, so the form of before stays until the next is there.
  const [last, setLast] = useState<Body<"RunForm"> | null>(null);
  if (loaded.value && loaded.value !== last) setLast(loaded.value);
  const form = loaded.value ?? last;
  if (loaded.error && !form) {
    return (
      <div className="page">
        <Failure error={loaded.error} again={loaded.reload} />
      </div>
    );
  }
  if (!form) return <Loading />;
  if (form.targets.length === 0) {
    return (
      <Empty title="Nothing of this flow can be run yet">
        <p>{form.problem}</p>
        <p>Prepare its draft in the editor, or push a version that has a definition.</p>
      </Empty>
    );
  }
  return <Table form={form} target={target} address={address} error={loaded.error} />;
}

interface TableProps {
  form: Body<"RunForm">;
  target: string | null;
  address: Address;
  error: Error | null;
}

function Table({ form, target, address, error }: TableProps) {
  const definition = isGraph(form.definition) ? form.definition : NO_GRAPH;
  const run = useRun(form.file_id, definition);
  const node = address.query.get("node");
  const { live } = run;
  const states = useMemo(
    () => Object.fromEntries(Object.entries(live?.nodes ?? {}).map(([name, one]) => [name, one.state])),
    [live],
  );
  const labels = useMemo(() => labelsOf(definition, live?.nodes ?? {}, node), [definition, live, node]);
  return (
    <div className="playground">
      <div className="playground-side">
        {error && <Failure error={error} />}
        <InputForm form={form} target={target} address={address} run={run} />
        <RunOutput form={form} run={run} target={target} address={address} />
      </div>
      <div className="playground-canvas">
        <Graph
          definition={definition}
          states={states}
          taken={live ? live.taken : undefined}
          labels={labels}
          selected={node}
          onSelect={(chosen) => go(withQuery(address, { node: chosen }), { replace: true })}
          label="The flow as it runs"
          fileName={form.path.split("/").pop()}
        />
      </div>
      {node && (
        <NodePanel
          name={node}
          run={live?.nodes[node] ?? null}
          onClose={() => go(withQuery(address, { node: null }), { replace: true })}
        />
      )}
    </div>
  );
}

/** What the selected node was given, written at the connections that lead to it. */
function labelsOf(
  definition: Definition,
  nodes: Record<string, { inputs: Record<string, unknown> | null }>,
  node: string | null,
): Record<string, string> {
  const inputs = node ? nodes[node]?.inputs : null;
  if (!inputs) return {};
  const into = (definition.connections ?? []).filter((one) => one.target === node);
  return Object.fromEntries(
    into
      .map((one) => [one.name, inputs[one.configuration?.data?.targetInput ?? ""]])
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, shortValue(JSON.stringify(value), 1)]),
  );
}
