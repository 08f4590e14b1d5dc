/** What a version of a file says, in the form in which people read it; for files that have no graph. */
import { useLoaded } from "../../loaded";
import { Failure, Loading } from "../../parts/simple";
import { ask, type Body } from "../../server";
import { Reading } from "./Reading";

export interface ContentProps {
  /** The file's id. */
  file: string;
  /** A version's id or number, `draft`, or the name of an environment or an alias. */
  version: string;
}

export function Content({ file, version }: ContentProps) {
  const content = useLoaded(`content ${file} ${version}`, (signal) =>
    ask<Body<"ContentBody">>("GET", ["files", file, "versions", version], { signal }),
  );
  if (content.error) return <Failure error={content.error} again={content.reload} />;
  if (!content.value) return <Loading />;
  return <Reading content={content.value} />;
}
