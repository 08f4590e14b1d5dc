import { useId } from "react";
import { useLoaded } from "../loaded";
import { ask, type Body } from "../server";

export interface PathInputProps
  extends Omit<React.InputHTMLAttributes<HTMLInputElement>, "onChange" | "type"> {
  /** What kind of files is looked for, such as `dataset`. */
  kind: string;
  value: string;
  onPath: (path: string) => void;
}

const MOST = 20;

/** The path of a file, with such as fit what is typed to choose from. */
export function PathInput({ kind, value, onPath, ...rest }: PathInputProps) {
  const list = useId();
  const found = useLoaded(`paths ${kind} ${value}`, (signal) =>
    ask<Body<"FileList">>("GET", ["files"], {
      query: { type: kind, search: value || null, take: MOST },
      signal,
    }),
  );
  return (
    <>
      <input
        className="input"
        list={list}
        value={value}
        onChange={(event) => onPath(event.target.value)}
        {...rest}
      />
      <datalist id={list}>
        {(found.value?.files ?? []).map((file) => (
          <option key={file.id} value={file.path} />
        ))}
      </datalist>
    </>
  );
}
