/** What is set for the whole server, and how to point clients at it. The section is in the address. */
import type { ReactNode } from "react";
import { to } from "../../address";
import { type Loaded, useLoaded } from "../../loaded";
import { Failure, Loading, Tabs } from "../../parts/simple";
import { ask, type Body } from "../../server";
import type { ScreenProps } from "../props";
import { Environments } from "./Environments";
import { Keys } from "./Keys";
import { PointSdk } from "./PointSdk";
import { Providers } from "./Providers";
import { ServerFacts } from "./ServerFacts";
import "./settings.css";

export type Facts = Body<"SettingsBody">;

const SECTIONS: { path: string; name: string; show: (facts: Facts) => ReactNode }[] = [
  { path: "sdk", name: "Point your SDK here", show: (facts) => <PointSdk facts={facts} /> },
  { path: "keys", name: "API keys", show: (facts) => <Keys facts={facts} /> },
  { path: "providers", name: "Provider keys", show: (facts) => <Providers facts={facts} /> },
  { path: "environments", name: "Environments", show: () => <Environments /> },
  { path: "server", name: "Server", show: (facts) => <ServerFacts facts={facts} /> },
];

export default function Settings({ address }: ScreenProps) {
  const facts: Loaded<Facts> = useLoaded("settings", (signal) => ask<Facts>("GET", ["settings"], { signal }));
  const here = SECTIONS.find((one) => one.path === address.parts[1]) ?? SECTIONS[0];
  return (
    <>
      <header className="settings-head">
        <h1>Settings</h1>
      </header>
      <Tabs
        label="Sections of the settings"
        tabs={SECTIONS.map((one) => ({
          name: one.name,
          href: to(["settings", one.path]),
          isHere: one === here,
        }))}
      />
      <div className="page settings">
        {facts.error && <Failure error={facts.error} again={facts.reload} />}
        {!facts.value && !facts.error && <Loading />}
        {facts.value && here?.show(facts.value)}
      </div>
    </>
  );
}
