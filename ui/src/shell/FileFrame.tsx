/** The frame of everything that is told of one file: its head, its tabs, and the tab that the address names. */
import { Suspense, useEffect } from "react";
import { to } from "../address";
import { useLoaded } from "../loaded";
import { askAbout } from "../parts/files";
import { Failure, Loading, Tabs } from "../parts/simple";
import { useAfterMoves } from "../parts/versions";
import type { ScreenProps } from "../screens/props";
import { FileHead } from "./FileHead";
import { FILE_TABS, screenOf } from "./routes";
import { useWho } from "./session";

const EVERY_MS = 10_000;

export function FileFrame({ address }: ScreenProps) {
  const [, id = "", tabPath] = address.parts;
  const file = useLoaded(id || null, () => askAbout(id), { everyMs: EVERY_MS });
  useAfterMoves(file.reload);
  const isKnown = useWho() !== null;
  const { title } = screenOf(address);
  const called = file.value ? `${file.value.name} · ${title}` : title;
  useEffect(() => {
    document.title = `${called} · Headrace`;
  }, [called]);
  if (file.error && !file.value) {
    return (
      <div className="page">
        <Failure error={file.error} again={file.reload} />
      </div>
    );
  }
  if (!file.value) return <Loading />;
  const type = file.value.type;
  const tabs = FILE_TABS.filter((one) => !one.only || one.only.includes(type));
  const here = tabs.find((one) => one.path === tabPath) ?? tabs[0];
  return (
    <>
      <FileHead file={file.value} />
      <Tabs
        label="Of this file"
        tabs={tabs.map((one) => ({ name: one.name, href: to(["f", id, one.path]), isHere: one === here }))}
      />
      {!isKnown && <Loading />}
      {here && isKnown && (
        <Suspense fallback={<Loading />}>
          <here.Screen
            key={`${address.parts.join("/")} ${here.path}`}
            file={file.value.id}
            about={file.value}
            address={address}
          />
        </Suspense>
      )}
    </>
  );
}
