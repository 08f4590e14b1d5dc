import { to } from "../address";
import { Logo } from "./Logo";
import { SignedIn } from "./SignedIn";

const PLACES = [
  ["Logs", ["logs"]],
  ["Evaluators", ["evaluators"]],
  ["Settings", ["settings"]],
] as const;

export function Sidebar({ here }: { here: string }) {
  return (
    <div className="sidebar-in">
      <Logo />
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
      <SignedIn />
    </div>
  );
}
