import { Button } from "../parts/simple";
import { ask, signedOut } from "../server";
import { useWho } from "./session";

/** Who is signed in, and the way out. */
export function SignedIn() {
  const who = useWho();
  if (who === null) return null;
  if (who.is_open)
    return <p className="signed-in quiet">No keys yet: only this machine may use the server.</p>;
  const leave = async () => {
    await ask("DELETE", ["session"]);
    signedOut.dispatchEvent(new Event("signedout"));
  };
  return (
    <div className="signed-in row">
      <span className="grow clip" title={who.email}>
        {who.name} <span className="quiet">{who.right}</span>
      </span>
      <Button look="bare" onClick={leave}>
        Sign out
      </Button>
    </div>
  );
}
