/** The inputs of a change of a pointer. */
import { Button, Field } from "../../parts/simple";
import { VersionPick } from "../../parts/VersionPick";
import { aimed, type Live, type VersionOption } from "../../parts/versions";
import { percent } from "../../parts/words";
import type { Choice, ShareInput } from "./acts";

export interface ActFormProps {
  state: Live;
  all: Live[];
  versions: VersionOption[];
  choice: Choice;
  choose: (changes: Partial<Choice>) => void;
}

export function ActForm(props: ActFormProps) {
  const { state, all, versions, choice, choose } = props;
  switch (choice.act) {
    case "promote":
      return <Sources {...props} others={all.filter((one) => one.pointer.id !== state.pointer.id)} />;
    case "move":
      return (
        <Field name="Version">
          <VersionPick
            label="Version"
            value={choice.version}
            onPick={(version) => choose({ version })}
            versions={versions}
            hasDraft={state.pointer.kind === "alias"}
          />
        </Field>
      );
    case "rollback":
      return (
        <p>
          {choice.move ? (
            <>
              To what was live after the move <code>{choice.move}</code>.
            </>
          ) : (
            "To what was live before. To go back further, choose a move in the history."
          )}
        </p>
      );
    case "split":
      return (
        <Shares
          hasSplit={state.shares.length > 0}
          shares={choice.shares}
          versions={versions}
          onChange={(shares) => choose({ shares })}
        />
      );
    case "switch":
      return (
        <p>
          {choice.isOff
            ? `Calls by ${choice.pointer} are refused at once, with your reason. Reading goes on, and what is live stays.`
            : `Calls by ${choice.pointer} are let through again.`}
        </p>
      );
    default:
      return <p>Nothing is live there afterwards, and calls are refused. The history stays.</p>;
  }
}

function Sources({ others, choice, choose }: ActFormProps & { others: Live[] }) {
  if (others.length === 0) return <p>There is no other pointer to promote from. Deploy a version instead.</p>;
  return (
    <Field name="From">
      <select
        className="input"
        value={choice.from}
        onChange={(event) => choose({ from: event.target.value })}
      >
        {others.map((one) => (
          <option key={one.pointer.id} value={one.pointer.name}>
            {one.pointer.name} ({aimed(one)})
          </option>
        ))}
      </select>
    </Field>
  );
}

interface SharesProps {
  /** Whether there is a split already. */
  hasSplit: boolean;
  shares: ShareInput[];
  versions: VersionOption[];
  onChange: (shares: ShareInput[]) => void;
}

function Shares({ hasSplit, shares, versions, onChange }: SharesProps) {
  const sum = shares.reduce((all, one) => all + one.weight, 0);
  const change = (place: number, changes: Partial<ShareInput>) =>
    onChange(shares.map((one, index) => (index === place ? { ...one, ...changes } : one)));
  if (shares.length === 0) {
    return <p>All calls go to the version that is live; nothing is shared out any more.</p>;
  }
  return (
    <fieldset className="stack split-form">
      <legend>Shares</legend>
      {shares.map((share, place) => (
        <div className="row" key={place}>
          <VersionPick
            label={`Version ${place + 1}`}
            value={share.version}
            onPick={(version) => change(place, { version })}
            versions={versions}
          />
          <input
            className="input weight"
            type="number"
            min={0}
            step={1}
            aria-label={`Weight ${place + 1}`}
            value={share.weight}
            onChange={(event) =>
              change(place, { weight: Math.max(0, Math.trunc(event.target.valueAsNumber || 0)) })
            }
          />
          <span className="number part">{percent(sum ? share.weight / sum : 0)}</span>
          <Button
            look="bare"
            aria-label={`Remove share ${place + 1}`}
            onClick={() => onChange(shares.filter((_, index) => index !== place))}
          >
            ✕
          </Button>
        </div>
      ))}
      <div className="row wrap">
        <Button onClick={() => onChange([...shares, { version: "", weight: 10 }])}>Add a version</Button>
        {hasSplit && (
          <Button look="danger" onClick={() => onChange([])}>
            End the split
          </Button>
        )}
      </div>
      <p className="quiet">
        Calls with the same executionId, or the same X-Headrace-Split-Key, always go to the same version.
      </p>
    </fieldset>
  );
}
