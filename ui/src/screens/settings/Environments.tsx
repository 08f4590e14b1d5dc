/** The environments that versions are deployed to; kept by who administers. */

import { useState } from "react";
import { useLoaded } from "../../loaded";
import { Badge, Button, Failure, Loading } from "../../parts/simple";
import { TableBox } from "../../parts/TableBox";
import { Time } from "../../parts/Time";
import { counted } from "../../parts/words";
import { ask, type Body } from "../../server";
import { useMay } from "../../shell/session";
import { GateDialog } from "../deployments/GateDialog";
import { RemoveEnvironment } from "./RemoveEnvironment";

export type Environment = Body<"EnvironmentBody">;

export function Environments() {
  const mayManage = useMay("admin");
  const [failure, setFailure] = useState<Error | null>(null);
  const [removing, setRemoving] = useState<Environment | null>(null);
  const [gating, setGating] = useState<Environment | null>(null);
  const found = useLoaded("environments", (signal) =>
    ask<Body<"EnvironmentList">>("GET", ["environments"], { signal }),
  );
  const change = async (work: Promise<unknown>) => {
    setFailure(null);
    try {
      await work;
      found.reload();
      return true;
    } catch (error) {
      setFailure(error as Error);
      return false;
    }
  };
  if (found.error && !found.value) return <Failure error={found.error} again={found.reload} />;
  if (!found.value) return <Loading />;
  return (
    <section className="stack" aria-label="Environments">
      <p>
        An environment is a place to which each file deploys a version. The default one is what reads show,
        and first versions are deployed there by themselves.
      </p>
      {failure && <Failure error={failure} />}
      <TableBox label="Environments" className="card">
        <table className="table environments-table">
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">Deployed there</th>
              <th scope="col">Made</th>
              <th scope="col">
                <span className="hidden">Do</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {found.value.environments.map((one) => (
              <Row
                key={one.id}
                environment={one}
                mayManage={mayManage}
                change={change}
                onRemove={() => setRemoving(one)}
                onGate={() => setGating(one)}
              />
            ))}
          </tbody>
        </table>
      </TableBox>
      {mayManage && <NewEnvironment change={change} />}
      {gating && (
        <GateDialog
          place={{ name: `${gating.name}, for all files`, parts: ["environments", gating.id, "gate"] }}
          isNew={!gating.has_gate}
          onClose={() => setGating(null)}
          onDone={() => {
            setGating(null);
            found.reload();
          }}
        />
      )}
      {removing && (
        <RemoveEnvironment
          environment={removing}
          onClose={() => setRemoving(null)}
          onDone={() => {
            setRemoving(null);
            found.reload();
          }}
        />
      )}
    </section>
  );
}

type Changing = (work: Promise<unknown>) => Promise<boolean>;

interface RowProps {
  environment: Environment;
  mayManage: boolean;
  change: Changing;
  onRemove: () => void;
  onGate: () => void;
}

function Row({ environment, mayManage, change, onRemove, onGate }: RowProps) {
  const { id, name, is_default: isDefault, files, has_gate: hasGate } = environment;
  const [newName, setNewName] = useState<string | null>(null);
  const patch = (body: object) => change(ask("PATCH", ["environments", id], { body }));
  const rename = async (event: React.FormEvent) => {
    event.preventDefault();
    if (await patch({ name: newName })) setNewName(null);
  };
  return (
    <tr>
      <td>
        {newName === null ? (
          <span className="row">
            <strong>{name}</strong> {isDefault && <Badge tone="busy">default</Badge>}
            {hasGate && <Badge tone="warn">gate for all files</Badge>}
          </span>
        ) : (
          <form className="row" onSubmit={rename}>
            <input
              className="input"
              aria-label={`New name of ${name}`}
              value={newName}
              onChange={(event) => setNewName(event.target.value)}
            />
            <Button look="main" type="submit">
              Rename
            </Button>
            <Button onClick={() => setNewName(null)}>Cancel</Button>
          </form>
        )}
      </td>
      <td>{counted(files, "file")}</td>
      <td>
        <Time at={environment.created_at} />
      </td>
      <td className="number">
        {mayManage && newName === null && (
          <span className="row wrap do">
            <Button look="bare" onClick={() => setNewName(name)} aria-label={`Rename ${name}`}>
              Rename
            </Button>
            <Button look="bare" onClick={onGate} aria-label={`Gate … of ${name}`}>
              Gate …
            </Button>
            {!isDefault && (
              <>
                <Button
                  look="bare"
                  onClick={() => patch({ is_default: true })}
                  aria-label={`Make default: ${name}`}
                >
                  Make default
                </Button>
                <Button look="danger" onClick={onRemove} aria-label={`Remove ${name}`}>
                  Remove …
                </Button>
              </>
            )}
          </span>
        )}
      </td>
    </tr>
  );
}

function NewEnvironment({ change }: { change: Changing }) {
  const [name, setName] = useState("");
  const make = async (event: React.FormEvent) => {
    event.preventDefault();
    if (await change(ask("POST", ["environments"], { body: { name: name.trim() } }))) setName("");
  };
  return (
    <form className="row wrap" onSubmit={make}>
      <input
        className="input new-name"
        aria-label="Name of a new environment"
        placeholder="europe"
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      <Button type="submit" disabled={!name.trim()}>
        Add an environment
      </Button>
    </form>
  );
}
