import { useState } from "react";
import { type Address, go, to, withQuery } from "../../address";
import { Button } from "../../parts/simple";
import type { Body } from "../../server";
import { wordOfStatus } from "../execution/states";

const NAMES = ["status", "failed_node", "version", "pointer"] as const;
const STATUSES: Body<"Status">[] = ["Running", "Waiting", "Succeeded", "Failed", "TimedOut", "Aborted"];

export type Said = Partial<Record<(typeof NAMES)[number], string>>;

/** The filters that an address names. */
export function said(address: Address): Said {
  return Object.fromEntries(
    NAMES.map((name) => [name, address.query.get(name)]).filter(([, value]) => value),
  );
}

/** What to show: it stands in the address, so that each view is a link. */
export function Filters({ address }: { address: Address }) {
  const filters = said(address);
  const set = (name: (typeof NAMES)[number], value: string) =>
    go(withQuery(address, { [name]: value || null, before: null }));
  return (
    // biome-ignore lint/a11y/useSemanticElements: it searches what is below it
    <form
      className="row wrap execution-filters"
      role="search"
      aria-label="Executions"
      onSubmit={(event) => event.preventDefault()}
    >
      <label className="row">
        <span className="quiet">Status</span>
        <select
          className="input"
          aria-label="Status"
          value={filters.status ?? ""}
          onChange={(event) => set("status", event.target.value)}
        >
          <option value="">any</option>
          {STATUSES.map((one) => (
            <option key={one} value={one}>
              {wordOfStatus(one)}
            </option>
          ))}
        </select>
      </label>
      <Typed name="Failed node" value={filters.failed_node} onSet={(value) => set("failed_node", value)} />
      <Typed
        name="Version"
        value={filters.version}
        onSet={(value) => set("version", value.replace(/^v(?=\d)/, ""))}
      />
      <Typed name="Called by" value={filters.pointer} onSet={(value) => set("pointer", value)} />
      {Object.keys(filters).length > 0 && (
        <Button look="bare" onClick={() => go(to(address.parts))}>
          Clear
        </Button>
      )}
    </form>
  );
}

function Typed({
  name,
  value = "",
  onSet,
}: {
  name: string;
  value?: string;
  onSet: (value: string) => void;
}) {
  const [text, setText] = useState(value);
  const [last, setLast] = useState(value);
  if (value !== last) {
    setLast(value);
    setText(value);
  }
  const done = () => text.trim() !== value && onSet(text.trim());
  return (
    <label className="row">
      <span className="quiet">{name}</span>
      <input
        className="input"
        value={text}
        placeholder="any"
        onChange={(event) => setText(event.target.value)}
        onBlur={done}
        onKeyDown={(event) => event.key === "Enter" && done()}
      />
    </label>
  );
}
