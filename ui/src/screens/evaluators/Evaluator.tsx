/** One evaluator: what it says, tried on any log, where it judges; or a new one. */
import { lazy, Suspense } from "react";
import { type Address, go, to, withQuery } from "../../address";
import { useLoaded } from "../../loaded";
import { IdChip } from "../../parts/IdChip";
import { Chip, Failure, Kind, Loading } from "../../parts/simple";
import { refOf, VersionPick } from "../../parts/VersionPick";
import { called, useVersions } from "../../parts/versions";
import { ask, type Body } from "../../server";
import type { ScreenProps } from "../props";
import { Places } from "./Places";
import { SpecEditor } from "./SpecEditor";
import type { Value } from "./schema";
import { TYPES } from "./types";
import "./evaluators.css";

const NewEvaluator = lazy(() => import("./NewEvaluator"));

export type EvaluatorBody = Body<"EvaluatorBody">;

export default function Evaluator({ address }: ScreenProps) {
  const id = address.parts[1] ?? "";
  if (id === "new") {
    return (
      <Suspense fallback={<Loading />}>
        <NewEvaluator address={address} />
      </Suspense>
    );
  }
  return <Known key={id} id={id} address={address} />;
}

function Known({ id, address }: { id: string; address: Address }) {
  const found = useLoaded(id, (signal) => ask<EvaluatorBody>("GET", ["evaluators", id], { signal }));
  if (found.error) {
    return (
      <div className="page">
        <Failure error={found.error} again={found.reload} />
      </div>
    );
  }
  if (!found.value) return <Loading />;
  return <Shown evaluator={found.value} address={address} reload={found.reload} />;
}

interface ShownProps {
  evaluator: EvaluatorBody;
  address: Address;
  reload: () => void;
}

function Shown({ evaluator, address, reload }: ShownProps) {
  const { file } = evaluator;
  const wanted = address.query.get("version");
  const versions = useVersions(file.id);
  const content = useLoaded(wanted && `${file.id} ${wanted}`, (signal) =>
    ask<Body<"ContentBody">>("GET", ["files", file.id, "versions", wanted ?? ""], { signal }),
  );
  const shown = versions.value?.find((one) => one.version_id === evaluator.version_id);
  const spec = wanted ? content.value?.content : evaluator.spec;
  const again = (version: string) => {
    versions.reload();
    reload();
    go(withQuery(address, { version }));
  };
  return (
    <>
      <header className="page-head row wrap">
        <Kind type="evaluator" />
        <h1>{file.path}</h1>
        <IdChip id={file.id} />
        {evaluator.evaluator_type && <Chip>{TYPES[evaluator.evaluator_type]}</Chip>}
        <span className="grow" />
        {versions.value && (
          <VersionPick
            label="Version"
            value={wanted ?? (shown ? refOf(shown) : "")}
            versions={versions.value}
            onPick={(version) => go(withQuery(address, { version }))}
          />
        )}
        <a className="button" href={to(["f", file.id, "deployments"])}>
          Deployments
        </a>
        <a className="button" href={to(["f", file.id, "logs"])}>
          Its judgments
        </a>
      </header>
      {content.error && <Failure error={content.error} again={content.reload} />}
      {wanted && shown && wanted !== refOf(shown) && (
        <p className="note">
          Where nothing else is said, {called(shown)} judges.{" "}
          <a className="link" href={to(["f", file.id, "deployments"])}>
            Deploy another version
          </a>
        </p>
      )}
      {spec ? (
        <SpecEditor
          key={`${file.id} ${wanted} ${evaluator.version_id}`}
          address={address}
          evaluator={file.id}
          start={spec as Value}
          onSaved={again}
        >
          <Places evaluator={evaluator} reload={reload} />
        </SpecEditor>
      ) : (
        <Loading />
      )}
    </>
  );
}
