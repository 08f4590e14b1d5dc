/** The tree of files as the rows that are to be seen of it, one below the other. */
import type { TreePage } from "../parts/files";

/** What is known of directories, by their paths; the root's is empty. */
export type Branches = Record<string, TreePage>;

export interface TreeRow {
  /** `directory support`, `file fl_1`, `more support`: unique. */
  key: string;
  kind: "directory" | "file" | "more";
  /** The directory's own path, or that of the directory it is in. */
  path: string;
  name: string;
  level: number;
  /** The file's id and type. */
  id?: string;
  type?: string;
  /** How many files a directory has below. */
  count?: number;
  isOpen?: boolean;
}

/** The rows of a directory and of those in it that are open. */
export function rowsOf(branches: Branches, open: ReadonlySet<string>, path = "", level = 1): TreeRow[] {
  const branch = branches[path];
  if (!branch) return [];
  const folders = branch.directories.flatMap((one): TreeRow[] => {
    const isOpen = open.has(one.path);
    const row: TreeRow = {
      key: `directory ${one.path}`,
      kind: "directory",
      path: one.path,
      name: one.name,
      level,
      count: one.files_count,
      isOpen,
    };
    return [row, ...(isOpen ? rowsOf(branches, open, one.path, level + 1) : [])];
  });
  const files = branch.files.map(
    (one): TreeRow => ({
      key: `file ${one.id}`,
      kind: "file",
      path,
      name: one.name,
      level,
      id: one.id,
      type: one.type,
    }),
  );
  const more: TreeRow[] = branch.next
    ? [{ key: `more ${path}`, kind: "more", path, name: "Show more", level }]
    : [];
  return [...folders, ...files, ...more];
}

/** A page of a directory behind those that are known. */
export function extended(known: TreePage | undefined, page: TreePage): TreePage {
  if (!known) return page;
  return {
    ...page,
    directories: [...known.directories, ...page.directories],
    files: [...known.files, ...page.files],
  };
}

/** The directories above a file, outermost first. */
export function above(path: string): string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, depth) => parts.slice(0, depth + 1).join("/"));
}

/** What a key does from a row on: the row to go to, or the directory to open or close. */
export function step(
  rows: TreeRow[],
  place: number,
  key: string,
): { to: number } | { toggle: string } | null {
  const row = rows[place];
  if (!row) return null;
  if (key === "ArrowDown") return { to: Math.min(rows.length - 1, place + 1) };
  if (key === "ArrowUp") return { to: Math.max(0, place - 1) };
  if (key === "Home") return { to: 0 };
  if (key === "End") return { to: rows.length - 1 };
  if (key === "ArrowRight" && row.kind === "directory") {
    return row.isOpen ? { to: Math.min(rows.length - 1, place + 1) } : { toggle: row.path };
  }
  if (key !== "ArrowLeft") return null;
  if (row.kind === "directory" && row.isOpen) return { toggle: row.path };
  const parent = rows.slice(0, place).findLastIndex((one) => one.level < row.level);
  return parent < 0 ? null : { to: parent };
}
