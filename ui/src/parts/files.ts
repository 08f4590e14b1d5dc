/** Lists of files, as the sidebar and the first page show them. */
import { to } from "../address";
import { ask, type Body } from "../server";

export type FileRow = Body<"FileRow">;
export type FileList = Body<"FileList">;
export type TreePage = Body<"TreeBody">;
/** How a file stands. */
export type About = Body<"AboutBody">;

/** Told when this page has made, moved or removed files. */
export const filesChanged = new EventTarget();

export function fileLink(id: string): string {
  return to(["f", id]);
}

/** The directories that a file is in, with a slash behind each, and its name. */
export function splitPath(path: string): { folder: string; name: string } {
  const cut = path.lastIndexOf("/") + 1;
  return { folder: path.slice(0, cut), name: path.slice(cut) };
}

const going = new Map<string, Promise<About>>();

/** How a file stands. Several parts of a page ask at the same moment, and share the answer. */
export function askAbout(file: string): Promise<About> {
  const known = going.get(file);
  if (known) return known;
  const asked = ask<About>("GET", ["files", file]).finally(() => going.delete(file));
  going.set(file, asked);
  return asked;
}

export function search(text: string, take: number, signal: AbortSignal): Promise<FileList> {
  return ask<FileList>("GET", ["files"], { query: { search: text, take }, signal });
}
