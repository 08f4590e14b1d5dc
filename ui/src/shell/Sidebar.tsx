/** The files at the left, and the places of the whole workspace. */
import { useState } from "react";
import { to, useAddress } from "../address";
import { useLoaded } from "../loaded";
import { askAbout } from "../parts/files";
import { FileTree } from "./FileTree";
import { Logo } from "./Logo";
import { QuickSearch } from "./QuickSearch";
import { SignedIn } from "./SignedIn";
import "./sidebar.css";

const PLACES = [
  ["Logs", ["logs"]],
  ["Evaluators", ["evaluators"]],
  ["Settings", ["settings"]],
] as const;

export function Sidebar({ here }: { here: string }) {
  const [text, setText] = useState("");
  const address = useAddress();
  const id = address.parts[0] === "f" ? (address.parts[1] ?? null) : null;
  const file = useLoaded(id, () => askAbout(id ?? ""));
  return (
    <div className="sidebar-in">
      <Logo />
      <QuickSearch text={text} onText={setText} />
      <div className={text.trim() ? "aside-rest gone" : "aside-rest"}>
        <h2 className="aside-title">
          <a href={to([])} aria-current={here === "" ? "page" : undefined}>
            Files
          </a>
        </h2>
        <FileTree file={file.value?.id ?? id} path={file.value?.path ?? null} />
        <nav aria-label="Places">
          <h2 className="aside-title">Workspace</h2>
          {PLACES.map(([name, parts]) => (
            <a
              key={name}
              className="place"
              href={to([...parts])}
              aria-current={here === parts[0] ? "page" : undefined}
            >
              {name}
            </a>
          ))}
        </nav>
      </div>
      <SignedIn />
    </div>
  );
}
