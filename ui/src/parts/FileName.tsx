import { to } from "../address";
import { useLoaded } from "../loaded";
import { ask, type Body } from "../server";

const known = new Map<string, string>();

/** The path of a file of which only the id is known, as a link to it. */
export function FileName({ id }: { id: string }) {
  const asked = useLoaded(known.has(id) ? null : `name ${id}`, async (signal) => {
    const file = await ask<Body<"AboutBody">>("GET", ["files", id], { signal });
    known.set(id, file.path);
    return file.path;
  });
  return (
    <a className="link" href={to(["f", id])} title={id}>
      {known.get(id) ?? asked.value ?? id}
    </a>
  );
}
