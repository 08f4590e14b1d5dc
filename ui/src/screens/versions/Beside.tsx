/** What the version that is looked at changes of another one. */
import { to } from "../../address";
import type { Loaded } from "../../loaded";
import { Chip, Failure, Loading } from "../../parts/simple";
import { called } from "../../parts/versions";
import { DifferenceView } from "../diff/DifferenceView";
import type { Difference } from "../diff/difference";

export interface BesideProps {
  file: string;
  /** Why there is nothing to compare with. */
  nothing: string | null;
  /** What the other one is, in words: `production`. */
  against: string | null;
  found: Loaded<Difference>;
  selected: string | null;
  onSelect: (node: string) => void;
}

export function Beside({ file, nothing, against, found, selected, onSelect }: BesideProps) {
  const shown = found.value;
  return (
    <aside className="beside" aria-label="What differs">
      {nothing && <p className="quiet">{nothing}</p>}
      {!nothing && found.error && <Failure error={found.error} again={found.reload} />}
      {!nothing && !shown && !found.error && <Loading />}
      {shown && (
        <>
          <header className="row wrap">
            <h2 className="grow">
              {name(shown.from)} → {name(shown.to)}
              {against && <Chip>{against}</Chip>}
            </h2>
            <a
              className="link"
              href={to(["f", file, "diff"], { from: ref(shown.from), to: ref(shown.to), node: selected })}
            >
              Side by side
            </a>
          </header>
          <DifferenceView difference={shown} selected={selected} onSelect={onSelect} />
        </>
      )}
    </aside>
  );
}

function name(content: Difference["from"]): string {
  return content.is_draft ? "draft" : called(content);
}

function ref(content: Difference["from"]): string {
  return content.is_draft ? "draft" : String(content.numbers.at(-1) ?? content.version_id);
}
