/** Files by the words of their paths, as they are typed; `/` leads here from anywhere. */
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { go } from "../address";
import { useLoaded } from "../loaded";
import { fileLink, search, splitPath } from "../parts/files";
import { Failure, Kind } from "../parts/simple";
import { counted } from "../parts/words";

const MOST = 30;
const TYPING_MS = 120;

export interface QuickSearchProps {
  text: string;
  onText: (text: string) => void;
}

export function QuickSearch({ text, onText }: QuickSearchProps) {
  const input = useRef<HTMLInputElement>(null);
  useSlash(() => input.current?.focus());
  const wanted = useSettled(text.trim());
  const found = useLoaded(wanted || null, (signal) => search(wanted, MOST, signal));
  const list = useRef<HTMLUListElement>(null);
  const files = text.trim() ? (found.value?.files ?? []) : [];
  const leave = () => {
    onText("");
    input.current?.blur();
  };
  const move = (event: KeyboardEvent) => {
    if (event.key === "Escape") return leave();
    if (event.key === "Enter" && event.target === input.current && files[0]) {
      go(fileLink(files[0].id));
      return leave();
    }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    const links = [...(list.current?.querySelectorAll("a") ?? [])];
    const place = links.indexOf(document.activeElement as HTMLAnchorElement);
    const next = place + (event.key === "ArrowDown" ? 1 : -1);
    (links[next] ?? (next < 0 ? input.current : null))?.focus();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the arrow keys go from the input to what was found
    <div className="quick-search" onKeyDown={move}>
      <div className="quick-input">
        <input
          ref={input}
          type="search"
          className="input"
          placeholder="Search files"
          aria-label="Search files"
          aria-keyshortcuts="/"
          value={text}
          onChange={(event) => onText(event.target.value)}
        />
        {!text && (
          <span className="slash" aria-hidden="true">
            /
          </span>
        )}
      </div>
      {found.error && <Failure error={found.error} />}
      {text.trim() && found.value && (
        <p className="aside-note quiet" role="status">
          {found.value.total === 0
            ? "Nothing has these words in its path."
            : found.value.total === files.length
              ? counted(files.length, "file")
              : `${files.length} of ${counted(found.value.total ?? 0, "file")}: type more of it`}
        </p>
      )}
      <ul className="found" ref={list}>
        {files.map((file) => (
          <li key={file.id}>
            <a href={fileLink(file.id)} title={file.path} onClick={() => onText("")}>
              <Kind type={file.type} />
              <span className="clip">
                {file.name}
                <span className="quiet found-folder">{splitPath(file.path).folder.replace(/\/$/, "")}</span>
              </span>
            </a>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** A text, once it was left alone for a moment. */
function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = window.setTimeout(() => setSettled(text), TYPING_MS);
    return () => window.clearTimeout(timer);
  }, [text]);
  return settled;
}

function useSlash(then: () => void): void {
  const latest = useRef(then);
  latest.current = then;
  useEffect(() => {
    const hear = (event: globalThis.KeyboardEvent) => {
      const on = event.target as HTMLElement;
      const isTyping = on.isContentEditable || on.matches("input, textarea, select");
      if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
      if (document.querySelector("dialog[open]")) return;
      event.preventDefault();
      latest.current();
    };
    window.addEventListener("keydown", hear);
    return () => window.removeEventListener("keydown", hear);
  }, []);
}
