/** The frame around all screens: who is looking, the files at the left, and the screen that the address names. */
import { Component, type ReactNode, Suspense, useEffect, useState } from "react";
import { useAddress } from "../address";
import { Button, Empty, Failure, Loading } from "../parts/simple";
import { ask, Refusal, signedOut } from "../server";
import { screenOf } from "./routes";
import { Sidebar } from "./Sidebar";
import { SignIn } from "./SignIn";
import { Session, type Who } from "./session";
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
  if (seen === "asking") return <Loading />;
  if (seen === "nobody") return <SignIn onSignedIn={setSeen} />;
  if (seen instanceof Error) {
    return (
      <main className="page">
        <Failure error={seen} again={look} />
      </main>
    );
  }
  return (
    <Session value={seen}>
      <Frame />
    </Session>
  );
}

function Frame() {
  const address = useAddress();
  const [isMenuOpen, setMenuOpen] = useState(false);
  useEffect(() => setMenuOpen(false), [address]);
  const { Screen, title } = screenOf(address);
  useEffect(() => {
    document.title = `${title} · Headrace`;
  }, [title]);
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
        <Guard key={address.parts.join("/")}>
          <Suspense fallback={<Loading />}>
            <Screen address={address} />
          </Suspense>
        </Guard>
      </main>
    </div>
  );
}

function skip(): void {
  document.getElementById("main")?.focus();
}

/** A fault in one screen leaves the rest standing. */
class Guard extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    if (this.state.error === null) return this.props.children;
    return (
      <Empty title="This screen has failed">
        <Failure error={this.state.error} again={() => this.setState({ error: null })} />
        <p className="quiet">Nothing on the server was changed by it.</p>
      </Empty>
    );
  }
}
