/** Call any version of a prompt and watch it answer: `#/f/{prompt}/playground?target=`. */
import { useState } from "react";
import { go, withQuery } from "../../address";
import { useLoaded } from "../../loaded";
import { Empty, Failure, Loading } from "../../parts/simple";
import { VersionPick } from "../../parts/VersionPick";
import { usePointers, useVersions } from "../../parts/versions";
import { ask, type Body } from "../../server";
import type { FileScreenProps } from "../props";
import { CallForm } from "./CallForm";
import { CallOutput } from "./CallOutput";
import { useCall } from "./useCall";
import "./prompt.css";

export default function PromptPlayground({ file, about, address }: FileScreenProps) {
  const { newest } = about;
  const usual = newest && String(newest.number ?? newest.version_id);
  const target = address.query.get("target") ?? usual;
  const content = useLoaded(target && `content ${file} ${target}`, (signal) =>
    ask<Body<"ContentBody">>("GET", ["files", file, "versions", target ?? ""], { signal }),
  );
  const last = useLoaded(`last call ${file}`, (signal) => lastCall(file, signal));
  const versions = useVersions(file);
  const pointers = usePointers(file);
  const call = useCall(file);
  // Another version keeps what was typed, so the form of before stays until the next is there.
  const [known, setKnown] = useState<Body<"ContentBody"> | null>(null);
  if (content.value && content.value !== known) setKnown(content.value);
  const shown = content.value ?? known;
  if (!target) {
    return (
      <Empty title="Nothing of this prompt can be called yet">
        <p>Push a version of it first.</p>
      </Empty>
    );
  }
  const isReady = last.value || last.error;
  if (!isReady || (!shown && !content.error)) return <Loading />;
  const pick = (
    <VersionPick
      label="Call"
      value={target}
      versions={versions.value ?? []}
      pointers={pointers.value?.pointers.filter((one) => one.version_id !== null)}
      onPick={(ref) => go(withQuery(address, { target: ref }))}
    />
  );
  return (
    <div className="prompt-playground">
      <div className="stack">
        {content.error && <Failure error={content.error} again={content.reload} />}
        {shown ? (
          <CallForm
            prompt={shown.content as Record<string, unknown>}
            target={target}
            last={last.value?.log ?? null}
            call={call}
          >
            {pick}
          </CallForm>
        ) : (
          pick
        )}
      </div>
      <CallOutput call={call.call} error={call.error} />
    </div>
  );
}

/** What the newest log holds, whoever made it. */
async function lastCall(file: string, signal: AbortSignal): Promise<{ log: Body<"LogBody"> | null }> {
  const query = { take: 1 };
  const { logs } = await ask<Body<"LogList">>("GET", ["files", file, "logs"], { query, signal });
  const [newest] = logs;
  return { log: newest ? await ask<Body<"LogBody">>("GET", ["logs", newest.id], { signal }) : null };
}
