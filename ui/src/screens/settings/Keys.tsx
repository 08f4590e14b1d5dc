/** The API keys of the organisation: made, shown once, revoked; for who administers. */

import { useState } from "react";
import { useLoaded } from "../../loaded";
import { Dialog } from "../../parts/Dialog";
import { Badge, Button, Empty, Failure, Loading } from "../../parts/simple";
import { TableBox } from "../../parts/TableBox";
import { Time } from "../../parts/Time";
import { ask, type Body } from "../../server";
import { useMay } from "../../shell/session";
import { NewKey } from "./NewKey";
import type { Facts } from "./Settings";

type Key = Body<"KeyBody">;

export function Keys({ facts }: { facts: Facts }) {
  const mayManage = useMay("admin");
  const [isMaking, setMaking] = useState(false);
  const [ending, setEnding] = useState<Key | null>(null);
  const keys = useLoaded(mayManage ? "keys" : null, (signal) =>
    ask<Body<"KeyList">>("GET", ["keys"], { signal }),
  );
  if (!mayManage) {
    return (
      <Empty title="Keys are the admins' business">
        <p>Your own key may not list them. Ask whoever administers this server for one.</p>
      </Empty>
    );
  }
  const found = keys.value?.keys ?? [];
  return (
    <section className="stack" aria-label="API keys">
      <div className="row wrap">
        <p className="grow">
          A key works as <code>X-API-KEY</code> and as an AWS access key pair. Its secrets are shown once.
        </p>
        <Button look="main" onClick={() => setMaking(true)}>
          New key
        </Button>
      </div>
      {keys.error && <Failure error={keys.error} again={keys.reload} />}
      {!keys.value && !keys.error && <Loading />}
      {keys.value && found.length === 0 && (
        <Empty title="There are no keys">
          <p>
            Whoever reaches this machine may do everything. The first key ends that: from then on only who
            shows one is answered.
          </p>
        </Empty>
      )}
      {found.length > 0 && <KeyTable keys={found} onEnd={setEnding} />}
      {isMaking && <NewKey facts={facts} onClose={() => setMaking(false)} onMade={keys.reload} />}
      {ending && (
        <Revoke
          subject={ending}
          onClose={() => setEnding(null)}
          onDone={() => {
            setEnding(null);
            keys.reload();
          }}
        />
      )}
    </section>
  );
}

function KeyTable({ keys, onEnd }: { keys: Key[]; onEnd: (key: Key) => void }) {
  return (
    <TableBox label="Keys" className="card">
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Whose</th>
            <th scope="col">What for</th>
            <th scope="col">Right</th>
            <th scope="col" className="wide-only">
              AWS access key
            </th>
            <th scope="col" className="wide-only">
              Made
            </th>
            <th scope="col">State</th>
            <th scope="col">
              <span className="hidden">Do</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {keys.map((key) => (
            <tr key={key.id} className={key.revoked_at ? "revoked" : undefined}>
              <td>
                {key.user?.name ?? "–"} <span className="quiet">{key.user?.email}</span>
              </td>
              <td>{key.name}</td>
              <td>{key.right}</td>
              <td className="mono wide-only">{key.access_key_id}</td>
              <td className="wide-only">
                <Time at={key.created_at} />
              </td>
              <td>
                {key.revoked_at ? (
                  <Badge tone="plain">revoked</Badge>
                ) : (
                  <Badge tone="good">{key.is_yours ? "active, yours" : "active"}</Badge>
                )}
              </td>
              <td className="number">
                {!key.revoked_at && (
                  <Button
                    look="danger"
                    onClick={() => onEnd(key)}
                    aria-label={`Revoke the key of ${key.user?.email}`}
                  >
                    Revoke …
                  </Button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableBox>
  );
}

function Revoke({ subject, onClose, onDone }: { subject: Key; onClose: () => void; onDone: () => void }) {
  const [failure, setFailure] = useState<Error | null>(null);
  const revoke = () => ask("DELETE", ["keys", subject.id]).then(onDone, setFailure);
  return (
    <Dialog title="Revoke the key?" onClose={onClose}>
      <p>
        The key {subject.name ? `“${subject.name}” ` : ""}of <strong>{subject.user?.email}</strong> opens
        nothing any more, at once and for good.
      </p>
      {subject.is_yours && (
        <p className="failure">
          It is the key that you are signed in with: you will have to sign in with another.
        </p>
      )}
      {failure && <Failure error={failure} />}
      <footer>
        <Button onClick={onClose}>Cancel</Button>
        <Button look="danger" onClick={revoke}>
          Revoke
        </Button>
      </footer>
    </Dialog>
  );
}
