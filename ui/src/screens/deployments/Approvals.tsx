/** Who approved a version for a pointer, and the way to do so. */
import { useState } from "react";
import { useLoaded } from "../../loaded";
import { Button, Failure } from "../../parts/simple";
import { Time } from "../../parts/Time";
import { VersionPick } from "../../parts/VersionPick";
import { useVersions } from "../../parts/versions";
import { ask, type Body } from "../../server";
import { useWho } from "../../shell/session";

export interface ApprovalsProps {
  file: string;
  pointer: string;
  newest: number | null;
  mayMove: boolean;
  turn: number;
}

export function Approvals({ file, pointer, newest, mayMove, turn }: ApprovalsProps) {
  const who = useWho();
  const versions = useVersions(file);
  const [chosen, setChosen] = useState("");
  const [failure, setFailure] = useState<Error | null>(null);
  const version = chosen || (newest === null ? "" : String(newest));
  const parts = ["files", file, "pointers", pointer, "approvals"];
  const found = useLoaded(version ? `approvals ${file} ${pointer} ${version} ${turn}` : null, (signal) =>
    ask<Body<"ApprovalList">>("GET", parts, { query: { version }, signal }),
  );
  const act = async (method: "POST" | "DELETE") => {
    setFailure(null);
    const more = method === "POST" ? { body: { version } } : { query: { version } };
    await ask(method, parts, more).then(found.reload, setFailure);
  };
  const approvals = found.value?.approvals ?? [];
  const isMine = approvals.some((one) => one.approved_by.id === who?.id);
  return (
    <div className="approvals stack">
      <div className="row wrap">
        <span className="quiet">Approvals of</span>
        <VersionPick
          label={`Version to approve for ${pointer}`}
          value={version}
          onPick={setChosen}
          versions={versions.value ?? []}
        />
        {mayMove && !isMine && (
          <Button onClick={() => act("POST")} disabled={!version}>
            Approve
          </Button>
        )}
        {mayMove && isMine && <Button onClick={() => act("DELETE")}>Withdraw mine</Button>}
      </div>
      {failure && <Failure error={failure} />}
      {found.value && approvals.length === 0 && <p className="quiet">Nobody has approved it.</p>}
      <ul>
        {approvals.map((one) => (
          <li key={one.approved_by.id}>
            {one.approved_by.name ?? one.approved_by.id}, <Time at={one.approved_at} />
            {one.reason && (
              <>
                : <q>{one.reason}</q>
              </>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}
