import { useLoaded } from "../../loaded";
import { ask, type Body } from "../../server";

const MOST = 30;

/** Which evaluators judge what comes of it; by their paths, with commas between them. */
export function Judges({ chosen, onChange }: { chosen: string; onChange: (paths: string) => void }) {
  const found = useLoaded("evaluators", (signal) =>
    ask<Body<"FileList">>("GET", ["files"], { query: { type: "evaluator", take: MOST }, signal }),
  );
  const paths = split(chosen);
  const all = [...new Set([...paths, ...(found.value?.files ?? []).map((file) => file.path)])].sort();
  if (all.length === 0) return null;
  const toggle = (path: string) => {
    const others = paths.filter((one) => one !== path);
    onChange((paths.includes(path) ? others : [...others, path]).join(","));
  };
  return (
    <fieldset className="sources row wrap">
      <legend>Judged by</legend>
      {all.map((path) => (
        <label key={path} className="row">
          <input type="checkbox" checked={paths.includes(path)} onChange={() => toggle(path)} />
          {path}
        </label>
      ))}
    </fieldset>
  );
}

export function split(paths: string): string[] {
  return paths
    .split(",")
    .map((one) => one.trim())
    .filter(Boolean);
}
