/** Draws a flow: its draft is edited, its versions are looked at. */
import { useState } from "react";
import { type Address, go, withQuery } from "../../address";
import { useLoaded } from "../../loaded";
import { Failure, Loading } from "../../parts/simple";
import { VersionPick } from "../../parts/VersionPick";
import { useVersions } from "../../parts/versions";
import { ask, type Body, Refusal } from "../../server";
import { useMay } from "../../shell/session";
import type { FileScreenProps } from "../props";
import { Beginning } from "./Beginning";
import { Board } from "./Board";
import "./editor.css";
import type { DraftBody } from "./useDraft";
import { VersionView } from "./VersionView";

export default function Editor({ file, address }: FileScreenProps) {
  const ref = address.query.get("version") ?? "draft";
  const [made, setMade] = useState(0);
  const types = useLoaded("node types", (signal) =>
    ask<Body<"NodeTypeList">>("GET", ["node-types"], { signal }),
  );
  if (types.error) return <Failure error={types.error} again={types.reload} />;
  if (!types.value) return <Loading />;
  const pick = <Pick key={made} file={file} address={address} value={ref} />;
  const props = { file, address, types: types.value, pick, onMade: () => setMade(made + 1) };
  return ref === "draft" ? <OfDraft key={file} {...props} /> : <VersionView {...props} version={ref} />;
}

function Pick({ file, address, value }: { file: string; address: Address; value: string }) {
  const versions = useVersions(file);
  const pick = (version: string) =>
    go(withQuery(address, { version: version === "draft" ? null : version, node: null, loop: null }));
  return (
    <VersionPick label="What is shown" value={value} onPick={pick} versions={versions.value ?? []} hasDraft />
  );
}

export interface EditorProps {
  file: string;
  address: Address;
  types: Body<"NodeTypeList">;
  /** Chooses among the draft and the versions. */
  pick: React.ReactNode;
  /** Told that there is another version to choose. */
  onMade: () => void;
}

function OfDraft(props: EditorProps) {
  const mayEdit = useMay("editor");
  const draft = useLoaded(props.file, (signal) =>
    ask<DraftBody>("GET", ["files", props.file, "draft"], { signal }),
  );
  if (draft.error instanceof Refusal && draft.error.status === 404) {
    return <Beginning file={props.file} types={props.types} mayEdit={mayEdit} onBegun={draft.reload} />;
  }
  if (draft.error) return <Failure error={draft.error} again={draft.reload} />;
  if (!draft.value) return <Loading />;
  if (!mayEdit) return <VersionView {...props} version="draft" />;
  return <Board key={draft.value.file.id} {...props} first={draft.value} />;
}
