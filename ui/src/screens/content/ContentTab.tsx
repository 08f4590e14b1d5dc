/** What a file says, version by version: `#/f/{file}/content?version=`. */
import { go, withQuery } from "../../address";
import { VersionPick } from "../../parts/VersionPick";
import { usePointers, useVersions } from "../../parts/versions";
import type { FileScreenProps } from "../props";
import { Content } from "./Content";

export default function ContentTab({ file, about, address }: FileScreenProps) {
  const versions = useVersions(file);
  const pointers = usePointers(file);
  const { newest } = about;
  const usual = newest ? String(newest.number ?? newest.version_id) : "draft";
  const version = address.query.get("version") ?? usual;
  return (
    <div className="page stack">
      <div className="content-pick">
        <VersionPick
          label="Version"
          value={version}
          versions={versions.value ?? []}
          pointers={pointers.value?.pointers}
          hasDraft={about.draft !== null && newest === null}
          onPick={(ref) => go(withQuery(address, { version: ref }))}
        />
      </div>
      <Content file={file} version={version} />
    </div>
  );
}
