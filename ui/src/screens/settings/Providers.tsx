/** The organisation's own keys of providers of models, its limits with them, and what it has used of these. */
import { type ReactNode, useState } from "react";
import { useLoaded } from "../../loaded";
import { Badge, Button, Empty, Failure, Loading } from "../../parts/simple";
import { TableBox } from "../../parts/TableBox";
import { Time } from "../../parts/Time";
import { ask, type Body } from "../../server";
import { useMay } from "../../shell/session";
import { ProviderKeyDialog } from "./ProviderKeyDialog";
import { ProviderLimits } from "./ProviderLimits";
import { RemoveProvider } from "./RemoveProvider";
import type { Facts } from "./Settings";
import { type Account, type Provider, type Row, rowsOf, uses } from "./uses";

const EVERY_MS = 10_000;
const ACTS = { key: ProviderKeyDialog, limits: ProviderLimits, remove: RemoveProvider };

export interface ActProps {
  provider: Provider;
  account: Account | null;
  onClose: () => void;
  onDone: () => void;
}

export function Providers({ facts }: { facts: Facts }) {
  const mayManage = useMay("admin");
  const [act, setAct] = useState<{ what: keyof typeof ACTS; row: Row } | null>(null);
  const found = useLoaded(
    mayManage ? "providers" : null,
    (signal) => ask<Body<"ProviderKeyList">>("GET", ["provider-keys"], { signal }),
    { everyMs: EVERY_MS },
  );
  if (!mayManage) {
    return (
      <Empty title="Keys of providers are the admins' business">
        <p>Your own key may not list them. What answers for which models is told under Server.</p>
      </Empty>
    );
  }
  const rows = rowsOf(facts.providers, found.value?.provider_keys ?? []);
  const Act = act && ACTS[act.what];
  return (
    <section className="stack" aria-label="Provider keys">
      <p className="prose">
        The configuration names a key for everybody. A key that is set here is used for this organisation's
        calls instead, from the next one on. It is kept encrypted and never shown again. Limits hold for all
        calls of the organisation; days and months are those of UTC.
      </p>
      {found.error && <Failure error={found.error} again={found.reload} />}
      {!found.value && !found.error && <Loading />}
      {found.value && rows.length === 0 && (
        <Empty title="There are no providers">
          <p>
            Name them in <code>headrace.toml</code>, and start the server again.
          </p>
        </Empty>
      )}
      {found.value && rows.length > 0 && <Table rows={rows} onAct={(what, row) => setAct({ what, row })} />}
      {act && Act && (
        <Act
          provider={act.row.provider}
          account={act.row.account}
          onClose={() => setAct(null)}
          onDone={() => {
            setAct(null);
            found.reload();
          }}
        />
      )}
    </section>
  );
}

type OnAct = (what: keyof typeof ACTS, row: Row) => void;

function Table({ rows, onAct }: { rows: Row[]; onAct: OnAct }) {
  return (
    <TableBox label="Providers" className="card">
      <table className="table providers-table">
        <thead>
          <tr>
            <th scope="col">Provider</th>
            <th scope="col">Key</th>
            <th scope="col">Used of its limits</th>
            <th scope="col">
              <span className="hidden">Do</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.provider.name}>
              <td>
                <strong>{row.provider.name}</strong>{" "}
                {row.provider.kind !== row.provider.name && (
                  <span className="quiet">{row.provider.kind}</span>
                )}
              </td>
              <td>
                <KeyCell {...row} />
              </td>
              <td>
                {row.account ? <Uses account={row.account} /> : <span className="quiet">no limits</span>}
              </td>
              <td className="number">
                <Acts row={row} onAct={onAct} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableBox>
  );
}

function KeyCell({ provider, account }: Row): ReactNode {
  if (!account?.has_key) {
    return <span className="quiet">{provider.takes_key ? "the configured key" : "takes no key"}</span>;
  }
  return (
    <>
      <span className="row wrap">
        <Badge tone="good">own key</Badge>
        {account.last_four && <code title="The last four characters">… {account.last_four}</code>}
      </span>
      <span className="quiet">
        set by {account.set_by.name ?? account.set_by.id}, <Time at={account.set_at} />
      </span>
    </>
  );
}

function Uses({ account }: { account: Account }) {
  return (
    <ul className="uses">
      {uses(account).map((one) => (
        <li key={one.name}>
          <span className="quiet">{one.name}</span>
          {one.share !== null && (
            <svg className={one.share >= 1 ? "used full" : "used"} viewBox="0 0 46 5" aria-hidden="true">
              <rect className="ground" width="46" height="5" rx="2.5" />
              <rect className="value" width={Math.min(1, one.share) * 46} height="5" rx="2.5" />
            </svg>
          )}
          <span>{one.text}</span>
          {one.share !== null && one.share >= 1 && <Badge tone="bad">reached</Badge>}
        </li>
      ))}
    </ul>
  );
}

function Acts({ row, onAct }: { row: Row; onAct: OnAct }) {
  const { provider, account } = row;
  const named = (what: string) => ({ "aria-label": `${what} of ${provider.name}` });
  return (
    <span className="row wrap do">
      {provider.takes_key && (
        <Button
          look="bare"
          onClick={() => onAct("key", row)}
          {...named(account?.has_key ? "Rotate the key" : "Set a key")}
        >
          {account?.has_key ? "Rotate …" : "Set a key …"}
        </Button>
      )}
      {provider.isConfigured && (
        <Button look="bare" onClick={() => onAct("limits", row)} {...named("Limits")}>
          Limits …
        </Button>
      )}
      {account && (
        <Button look="danger" onClick={() => onAct("remove", row)} {...named("Remove what is set")}>
          Remove …
        </Button>
      )}
    </span>
  );
}
