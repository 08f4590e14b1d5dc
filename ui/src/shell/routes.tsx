/** Which screen an address names. A screen is a line here; each is loaded when it is first shown. */
import { type ComponentType, lazy } from "react";
import { type Address, to } from "../address";
import { Empty } from "../parts/simple";
import { FileFrame } from "./FileFrame";

export interface ScreenProps {
  address: Address;
}

export interface FileScreenProps extends ScreenProps {
  /** The file's id. */
  file: string;
}

type Screen<Props> = ComponentType<Props>;
type Loads<Props> = () => Promise<{ default: Screen<Props> }>;

/** The tabs of a file, in their order: `#/f/{id}/{tab}`. */
export interface FileTab {
  path: string;
  name: string;
  Screen: Screen<FileScreenProps>;
  /** The kinds of files that have it; all without. */
  only?: string[];
}

const tab = (path: string, name: string, loads: Loads<FileScreenProps>, only?: string[]): FileTab => ({
  path,
  name,
  Screen: lazy(loads),
  only,
});

const place = (name: string, loads: Loads<ScreenProps>) => ({ name, Screen: lazy(loads) });

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
  tab("executions", "Executions", () => import("../screens/executions/Executions"), ["flow"]),
];

/** The screens of the whole workspace: `#/{name}`, and `#/{name}/…` by a name with `/`; the first is `#/`. */
const PLACES: Record<string, { name: string; Screen: Screen<ScreenProps> }> = {
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

/** The screen of an address, and what it is called. */
export function screenOf(address: Address): { Screen: Screen<ScreenProps>; title: string } {
  const [first = "", second, tabPath = ""] = address.parts;
  if (first === "f") {
    return { Screen: FileFrame, title: FILE_TABS.find((one) => one.path === tabPath)?.name ?? "File" };
  }
  const found = (second ? PLACES[`${first}/`] : undefined) ?? PLACES[first];
  return found ? { Screen: found.Screen, title: found.name } : { Screen: Nowhere, title: "Nothing here" };
}
