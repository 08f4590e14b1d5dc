/** The address is the state: what is shown follows from the part after `#`, so each view is a link. */
import { useSyncExternalStore } from "react";

export type Query = Record<string, string | number | undefined | null>;

export interface Address {
  /** The decoded parts of the path. */
  parts: string[];
  query: URLSearchParams;
}

/** What `location.hash` says; `#/f/fl_1/versions?to=2`. */
export function parse(hash: string): Address {
  const [path = "", search = ""] = hash.replace(/^#/, "").split(/\?(.*)/s);
  const parts = path.split("/").filter(Boolean).map(decoded);
  return { parts, query: new URLSearchParams(search) };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The link to a view: `to(["f", id, "versions"], { to: 2 })`. What is undefined, null or empty is left out. */
export function to(parts: string[], query: Query = {}): string {
  const pairs = Object.entries(query).filter(
    ([, value]) => value !== undefined && value !== null && value !== "",
  );
  const search = new URLSearchParams(pairs.map(([name, value]) => [name, String(value)])).toString();
  return `#/${parts.map(encodeURIComponent).join("/")}${search ? `?${search}` : ""}`;
}

/** The link to the same view with some of its query changed. */
export function withQuery(address: Address, changes: Query): string {
  return to(address.parts, { ...Object.fromEntries(address.query), ...changes });
}

/** Go to a link; with `replace` the way back does not lead here. */
export function go(link: string, { replace = false } = {}): void {
  if (replace) {
    history.replaceState(null, "", link);
    window.dispatchEvent(new HashChangeEvent("hashchange"));
  } else {
    location.hash = link;
  }
}

function listen(told: () => void): () => void {
  window.addEventListener("hashchange", told);
  return () => window.removeEventListener("hashchange", told);
}

let last: { hash: string; address: Address } = { hash: "", address: parse("") };

function now(): Address {
  if (last.hash !== location.hash) last = { hash: location.hash, address: parse(location.hash) };
  return last.address;
}

/** The address, and again whenever it changes. */
export function useAddress(): Address {
  return useSyncExternalStore(listen, now);
}
