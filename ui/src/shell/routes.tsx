/** Which screen an address names. A screen is a line here; each is loaded when it is first shown. */
import { type ComponentType, lazy } from "react";
import { type Address, to } from "../address";
import { Empty } from "../parts/simple";
import type { FileScreenProps, ScreenProps } from "../screens/props";
import { FileFrame } from "./FileFrame";

type Screen<Props> = ComponentType<Props>;
type Loads<Props> = () => Promise<{ default: Screen<Props> }>;

/** The tabs of a file, in their order: `#/f/{id}/{tab}`. */
export interface FileTab {
  path: string;
  name: string;
  Screen: Screen<FileScreenProps>;
  loads: Loads<FileScreenProps>;
  /** The kinds of files that have it; all without. */
  only?: string[];
}

/** The code of a screen can't be had any more, as when the server was replaced by a newer one meanwhile. */
export class ScreenGone extends Error {
  constructor() {
    super("This screen could not be loaded. If the server was replaced by a newer one, load the page again.");
  }
}

const later = <Props,>(loads: Loads<Props>) =>
  lazy(() =>
    loads().catch(() => {
      throw new ScreenGone();
    }),
  );

const tab = (path: string, name: string, loads: Loads<FileScreenProps>, only?: string[]): FileTab => ({
  path,
  name,
  Screen: later(loads),
  loads,
  only,
});

interface Place {
  name: string;
  Screen: Screen<ScreenProps>;
  loads: Loads<ScreenProps>;
}

const place = (name: string, loads: Loads<ScreenProps>): Place => ({ name, Screen: later(loads), loads });

export const FILE_TABS: FileTab[] = [
  tab("overview", "Overview", () => import("../screens/overview/Overview")),
  tab("versions", "Versions", () => import("../screens/versions/Versions")),
  tab("editor", "Editor", () => import("../screens/editor/Editor"), ["flow"]),
  tab("diff", "Diff", () => import("../screens/diff/Diff")),
  tab("content", "Content", () => import("../screens/content/ContentTab"), [
    "prompt",
    "tool",
    "agent",
    "dataset",
    "evaluator",
  ]),
  tab("logs", "Logs", () => import("../screens/logs/FileLogs")),
  tab("compare", "Compare", () => import("../screens/compare/Compare"), ["flow", "prompt"]),
  tab("deployments", "Deployments", () => import("../screens/deployments/Deployments")),
  tab("playground", "Playground", () => import("../screens/playground/Playground"), ["flow"]),
  tab("playground", "Playground", () => import("../screens/prompt/PromptPlayground"), ["prompt"]),
  tab("executions", "Executions", () => import("../screens/executions/Executions"), ["flow"]),
];

/** The screens of the whole workspace: `#/{name}`, and `#/{name}/…` by a name with `/`; the first is `#/`. */
export const PLACES: Record<string, Place> = {
  settings: place("Settings", () => import("../screens/settings/Settings")),
  "": place("Files", () => import("../screens/home/Home")),
  evaluators: place("Evaluators", () => import("../screens/evaluators/Evaluators")),
  "evaluators/": place("Evaluator", () => import("../screens/evaluators/Evaluator")),
  logs: place("Logs", () => import("../screens/logs/AllLogs")),
  "logs/": place("Trace", () => import("../screens/trace/Trace")),
};

function Nowhere() {
  return (
    <Empty title="There is nothing here">
      <a className="link" href={to([])}>
        To the beginning
      </a>
    </Empty>
  );
}

function placeOf([first = "", second]: string[]): Place | undefined {
  return (second ? PLACES[`${first}/`] : undefined) ?? PLACES[first];
}

/** Have the code of an address's screen come while nobody has asked for the screen yet. */
export function begin({ parts }: Address): void {
  const tab = FILE_TABS.find((one) => one.path === parts[2]) ?? FILE_TABS[0];
  const found = parts[0] === "f" ? tab : placeOf(parts);
  found?.loads().catch(() => undefined); // the screen itself tells of it
}

/** The screen of an address, and what it is called. */
export function screenOf(address: Address): { Screen: Screen<ScreenProps>; title: string } {
  const [first = "", , tabPath = ""] = address.parts;
  if (first === "f") {
    return { Screen: FileFrame, title: FILE_TABS.find((one) => one.path === tabPath)?.name ?? "File" };
  }
  const found = placeOf(address.parts);
  return found ? { Screen: found.Screen, title: found.name } : { Screen: Nowhere, title: "Nothing here" };
}
