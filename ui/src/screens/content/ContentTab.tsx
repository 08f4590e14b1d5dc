/** What a file says, version by version: `#/f/{file}/content?version=`. */
import { go, withQuery } from "../../address";
import { useLoaded } from "../../loaded";
import { Failure, Loading } from "../../parts/simple";
import { VersionPick } from "../../parts/VersionPick";
import { usePointers, useVersions } from "../../parts/versions";
import { ask, type Body } from "../../server";
import type { FileScreenProps } from "../../shell/routes";
import { Content } from "./Content";

export default function ContentTab({ file, address }: FileScreenProps) {
  const versions = useVersions(file);
  const pointers = usePointers(file);
  const about = useLoaded(`about ${file}`, (signal) =>
    ask<Body<"AboutBody">>("GET", ["files", file], { signal }),
  );
  if (about.error) return <Failure error={about.error} again={about.reload} />;
  if (!about.value) return <Loading />;
  const newest = about.value.newest;
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
          hasDraft={about.value.draft !== null && newest === null}
          onPick={(ref) => go(withQuery(address, { version: ref }))}
        />
      </div>
      <Content file={file} version={version} />
    </div>
  );
}
