/** The frame around all screens: who is looking, the files at the left, and the screen that the address names. */
import { Component, type ReactNode, Suspense, useEffect, useState } from "react";
import { useAddress } from "../address";
import { Button, Empty, Failure, Loading } from "../parts/simple";
import { ask, Refusal, signedOut } from "../server";
import { FileFrame } from "./FileFrame";
import { ScreenGone, screenOf } from "./routes";
import { Sidebar } from "./Sidebar";
import { SignIn } from "./SignIn";
import { Session, useWho, type Who } from "./session";
import "./shell.css";

type Seen = Who | "asking" | "nobody" | Error;

export function App() {
  const [seen, setSeen] = useState<Seen>("asking");
  const look = () => {
    ask<Who>("GET", ["session"]).then(setSeen, (error: Error) =>
      setSeen(error instanceof Refusal && error.status === 401 ? "nobody" : error),
    );
  };
  useEffect(() => {
    look();
    const leave = () => setSeen("nobody");
    signedOut.addEventListener("signedout", leave);
    return () => signedOut.removeEventListener("signedout", leave);
  }, []);
  if (seen === "nobody") return <SignIn onSignedIn={setSeen} />;
  if (seen instanceof Error) {
    return (
      <main className="page">
        <Failure error={seen} again={look} />
      </main>
    );
  }
  // While it is asked who is there, the frame stands already, and loads what it needs of the file.
  return (
    <Session value={seen === "asking" ? null : seen}>
      <Frame />
    </Session>
  );
}

function Frame() {
  const address = useAddress();
  const [isMenuOpen, setMenuOpen] = useState(false);
  useEffect(() => setMenuOpen(false), [address]);
  const { Screen, title } = screenOf(address);
  const isKnown = useWho() !== null;
  const isFile = Screen === FileFrame;
  const kept = address.parts.slice(0, isFile ? 2 : undefined).join("/"); // a file's head stays from tab to tab
  useEffect(() => {
    if (!isFile) document.title = `${title} · Headrace`;
  }, [title, isFile]);
  return (
    <div className={isMenuOpen ? "frame menu-open" : "frame"}>
      <button type="button" className="skip" onClick={skip}>
        To the content
      </button>
      <Button
        className="menu-button"
        aria-expanded={isMenuOpen}
        aria-controls="sidebar"
        onClick={() => setMenuOpen(!isMenuOpen)}
      >
        ☰ Menu
      </Button>
      <aside id="sidebar" className="sidebar" aria-label="Files and places">
        <Sidebar here={address.parts[0] ?? ""} />
      </aside>
      <main id="main" className="main" tabIndex={-1}>
        <Guard place={address.parts.join("/")}>
          <Suspense fallback={<Loading />}>
            {isKnown || isFile ? <Screen key={kept} address={address} /> : <Loading />}
          </Suspense>
        </Guard>
      </main>
    </div>
  );
}

function skip(): void {
  document.getElementById("main")?.focus();
}

interface Guarded {
  /** Where the address leads: another place is tried anew. */
  place: string;
  children: ReactNode;
}

/** A fault in one screen leaves the rest standing. */
class Guard extends Component<Guarded, { error: Error | null; place: string }> {
  override state = { error: null as Error | null, place: this.props.place };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  static getDerivedStateFromProps({ place }: Guarded, state: { place: string }) {
    return place === state.place ? null : { error: null, place };
  }

  override render() {
    const { error } = this.state;
    if (error === null) return this.props.children;
    const isGone = error instanceof ScreenGone; // trying again would only find what was found
    return (
      <Empty title="This screen has failed">
        <Failure error={error} again={() => (isGone ? location.reload() : this.setState({ error: null }))} />
        <p className="quiet">Nothing on the server was changed by it.</p>
      </Empty>
    );
  }
}
