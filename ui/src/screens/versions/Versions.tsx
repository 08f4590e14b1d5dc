/** All versions of a file; one of them as a picture, and what it changes of what is live. */
import { type Address, go, to, withQuery } from "../../address";
import { type Loaded, useLoaded } from "../../loaded";
import type { About } from "../../parts/files";
import { Badge, Button, Chip, Empty, Failure, Loading, type Tone } from "../../parts/simple";
import { Time } from "../../parts/Time";
import { refOf } from "../../parts/VersionPick";
import { counted } from "../../parts/words";
import { ask, type Body } from "../../server";
import type { Difference } from "../diff/difference";
import type { FileScreenProps } from "../props";
import { againstOf } from "./against";
import { Beside } from "./Beside";
import { Content } from "./Content";
import { useVersionList, type VersionPages } from "./useVersionList";
import { VersionsTable } from "./VersionsTable";
import "./versions.css";

export default function Versions({ file, about, address }: FileScreenProps) {
  const pages = useVersionList(file);
  const { first } = pages;
  const newest = pages.rows[0] ? refOf(pages.rows[0]) : newestOf(about);
  const ref = address.query.get("version") ?? newest;
  const isThere = ref !== "draft" || about.draft !== null;
  const content = useLoaded(
    isThere ? `content ${file} ${ref} ${ref === "draft" && about.draft?.digest}` : null,
    (signal) => ask<Body<"ContentBody">>("GET", ["files", file, "versions", ref], { signal }),
  );
  if (first.error && !first.value) return <Failure error={first.error} again={first.reload} />;
  if (!first.value) return <Loading />;
  const draft = about.draft && !about.draft.is_newest ? about.draft : null;
  if (pages.rows.length === 0 && !draft) {
    return (
      <Empty title="No version yet">
        <p>It has the logs of programs that said nothing of what they ran.</p>
      </Empty>
    );
  }
  return <Shown {...{ file, address, pages, about, draft, content }} shown={ref} />;
}

/** What is looked at unless the address says: it is asked for while the list is still on its way. */
function newestOf({ newest }: About): string {
  return newest ? String(newest.number ?? newest.version_id) : "draft";
}

interface ShownProps {
  file: string;
  address: Address;
  pages: VersionPages;
  about: About;
  draft: About["draft"];
  /** The version that is looked at: a number, an id, or `draft`. */
  shown: string;
  content: Loaded<Body<"ContentBody">>;
}

function Shown({ file, address, pages, about, draft, shown, content }: ShownProps) {
  const { rows } = pages;
  const chosen = rows.find((row) => refOf(row) === shown || row.version_id === shown);
  const node = address.query.get("node");
  const select = (name: string | null) => go(withQuery(address, { node: name }), { replace: true });
  const against = againstOf(rows, shown);
  const difference = useLoaded(against.ref && `difference ${file} ${against.ref} ${shown}`, (signal) =>
    ask<Difference>("GET", ["files", file, "diff"], { query: { from: against.ref, to: shown }, signal }),
  );
  return (
    <div className="versions-screen">
      <div className="versions-left">
        <section className="versions-list" aria-label="Versions">
          <Bar file={file} address={address} about={about} />
          <div className="table-box">
            <VersionsTable
              file={file}
              rows={rows}
              link={(row) => withQuery(address, { version: refOf(row), node: null })}
              selected={chosen?.version_id}
              picked={pickedIn(address)}
              onPick={(one) =>
                go(withQuery(address, { pick: toggled(pickedIn(address), one) }), { replace: true })
              }
            >
              {draft && <DraftLine draft={draft} address={address} isSelected={shown === "draft"} />}
            </VersionsTable>
          </div>
          {pages.error && <Failure error={pages.error} again={pages.more} />}
          {pages.hasMore && (
            <Button look="bare" className="more" disabled={pages.isLoadingMore} onClick={pages.more}>
              {pages.isLoadingMore ? "Loading …" : "Show older ones"}
            </Button>
          )}
        </section>
        <div className="versions-content">
          <Content content={content} difference={difference.value} selected={node} onSelect={select} />
        </div>
      </div>
      <Beside
        file={file}
        nothing={against.ref ? null : against.why}
        against={against.name}
        found={difference}
        selected={node}
        onSelect={select}
      />
    </div>
  );
}

function pickedIn(address: Address): string[] {
  return (address.query.get("pick") ?? "").split(",").filter(Boolean);
}

/** The two that were chosen last. */
function toggled(picked: string[], ref: string): string {
  const others = picked.filter((one) => one !== ref);
  return (others.length < picked.length ? others : [...others, ref].slice(-2)).join(",");
}

function Bar({ file, address, about }: { file: string; address: Address; about: About }) {
  const picked = pickedIn(address);
  const [from, until] = [...picked].sort((one, other) => Number(one) - Number(other));
  return (
    <header className="versions-bar row">
      <span className="quiet grow">
        {counted(about.versions_count, "version")}
        {picked.length === 1 && " · choose another one to compare"}
      </span>
      {picked.length === 2 && (
        <a className="button main" href={to(["f", file, "diff"], { from, to: until })}>
          Compare {name(from)} with {name(until)}
        </a>
      )}
    </header>
  );
}

function name(ref: string | undefined): string {
  return ref && /^\d+$/.test(ref) ? `v${ref}` : (ref ?? "");
}

const TONES: Record<string, Tone> = {
  Prepared: "good",
  NotPrepared: "plain",
  Preparing: "busy",
  Failed: "bad",
};
const WORDS: Record<string, string> = {
  NotPrepared: "not prepared",
  Prepared: "prepared",
  Failed: "has problems",
};

function DraftLine(props: { draft: NonNullable<About["draft"]>; address: Address; isSelected: boolean }) {
  const { draft, address, isSelected } = props;
  return (
    <tr className={isSelected ? "version-line chosen" : "version-line"}>
      <td className="pick" />
      <td>
        <a
          className="line-link"
          href={withQuery(address, { version: "draft", node: null })}
          aria-current={isSelected ? "true" : undefined}
        >
          <Chip>draft</Chip>
        </a>
      </td>
      <td className="change" colSpan={6}>
        <Badge tone={TONES[draft.status] ?? "plain"}>{WORDS[draft.status] ?? draft.status}</Badge>{" "}
        <span className="quiet by">
          edited <Time at={draft.updated_at} />
        </span>
      </td>
    </tr>
  );
}
