/** The files of the workspace as a tree: arrow keys go through it, only what is opened is loaded. */
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import { fileLink } from "../parts/files";
import { Failure, Kind } from "../parts/simple";
import { count } from "../parts/words";
import { above, rowsOf, step, type TreeRow } from "./tree";
import { type Tree, useTree } from "./useTree";

export interface FileTreeProps {
  /** The file that is looked at: its id and, once it is known, its path. */
  file: string | null;
  path: string | null;
}

export function FileTree({ file, path }: FileTreeProps) {
  const tree = useTree();
  const list = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState("");
  const rows = useMemo(() => rowsOf(tree.branches, tree.open), [tree.branches, tree.open]);
  const { reveal } = tree;
  useEffect(() => {
    if (path) reveal(above(path));
  }, [path, reveal]);
  const here = file && `file ${file}`;
  const focusable = rows.some((row) => row.key === at)
    ? at
    : (rows.find((row) => row.key === here) ?? rows[0])?.key;
  const isShown = rows.some((row) => row.key === here);
  useEffect(() => {
    const row = isShown && list.current?.querySelector("[aria-current]");
    if (row) row.scrollIntoView({ block: "nearest" });
  }, [here, isShown]);
  const move = (event: KeyboardEvent) => {
    const place = rows.findIndex((row) => row.key === focusable);
    const found = step(rows, place, event.key);
    if (!found) return;
    event.preventDefault();
    if ("toggle" in found) return tree.toggle(found.toggle);
    const next = rows[found.to];
    if (!next) return;
    setAt(next.key);
    list.current?.querySelector<HTMLElement>(`[data-key="${CSS.escape(next.key)}"]`)?.focus();
  };
  if (tree.error && !tree.branches[""]) return <Failure error={tree.error} again={tree.reload} />;
  if (tree.branches[""] && rows.length === 0) return <p className="aside-note quiet">No files yet.</p>;
  return (
    <div className="tree" role="tree" aria-label="Files" ref={list} onKeyDown={move}>
      {rows.map((row) => (
        <Row
          key={row.key}
          row={row}
          tree={tree}
          isHere={row.key === here}
          isFocusable={row.key === focusable}
          onFocus={() => setAt(row.key)}
        />
      ))}
    </div>
  );
}

interface RowProps {
  row: TreeRow;
  tree: Tree;
  isHere: boolean;
  isFocusable: boolean;
  onFocus: () => void;
}

function Row({ row, tree, isHere, isFocusable, onFocus }: RowProps) {
  const same = {
    role: "treeitem",
    className: `tree-row level-${Math.min(row.level, 8)}`,
    "aria-level": row.level,
    "data-key": row.key,
    tabIndex: isFocusable ? 0 : -1,
    onFocus,
  };
  if (row.kind === "file") {
    return (
      <a {...same} href={fileLink(row.id ?? "")} aria-current={isHere ? "page" : undefined} title={row.name}>
        <Kind type={row.type ?? ""} />
        <span className="clip">{row.name}</span>
      </a>
    );
  }
  const act = () => (row.kind === "more" ? tree.more(row.path) : tree.toggle(row.path));
  return (
    <button
      {...same}
      type="button"
      aria-expanded={row.kind === "directory" ? row.isOpen : undefined}
      onClick={act}
      title={row.name}
    >
      <span className="turner quiet" aria-hidden="true">
        {row.kind === "more" ? "…" : row.isOpen ? "▾" : "▸"}
      </span>
      <span className="clip grow">{row.name}</span>
      {row.count !== undefined && (
        <span className="tree-count">
          {count(row.count)}
          <span className="hidden"> files</span>
        </span>
      )}
    </button>
  );
}
