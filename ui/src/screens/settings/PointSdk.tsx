/** Snippets that point clients at this server, with its own address and region. */
import { to } from "../../address";
import { Copy } from "../../parts/simple";
import type { Facts } from "./Settings";
import { serverUrl, snippets } from "./snippets";

export interface Credentials {
  key: string;
  access: string;
  secret: string;
}

const ANY: Credentials = { key: "any", access: "any", secret: "any" };
const YOURS: Credentials = {
  key: "YOUR_API_KEY",
  access: "YOUR_ACCESS_KEY_ID",
  secret: "YOUR_SECRET_ACCESS_KEY",
};

export function PointSdk({ facts, credentials }: { facts: Facts; credentials?: Credentials }) {
  const { region, endpoints, is_open: isOpen } = facts;
  const who = credentials ?? (isOpen ? ANY : YOURS);
  const told = snippets({ url: serverUrl(location.href), region, endpoints, ...who });
  return (
    <section className="stack" aria-label="Point your SDK here">
      {!credentials && (
        <p className="prose">
          Only the address changes; code that uses the served operations stays as it is.{" "}
          {isOpen ? (
            "This server has no keys yet: any credentials will do, from this machine only."
          ) : (
            <>
              Put in your own key; <a href={to(["settings", "keys"])}>admins make them</a>.
            </>
          )}
        </p>
      )}
      <div className="snippets">
        {told.map((one) => (
          <section key={one.name} className="stack snippet">
            <h2>{one.name}</h2>
            <p className="quiet">{one.about}</p>
            <Copy text={one.text} />
          </section>
        ))}
      </div>
    </section>
  );
}
