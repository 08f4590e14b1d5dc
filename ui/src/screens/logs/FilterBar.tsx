/** What the table is filtered by: words to search for, the filters there are, and more of them. */
import { type FormEvent, useEffect, useState } from "react";
import { type Address, go, type Query, withQuery } from "../../address";
import { Button } from "../../parts/simple";
import { FilterDialog } from "./FilterDialog";
import { chosen, type Filter, nothing, without } from "./filters";

export function FilterBar({ address }: { address: Address }) {
  const [edited, setEdited] = useState<Filter | "new" | null>(null);
  const filters = chosen(address.query);
  const isAny = filters.length > 0 || address.query.has("search");
  const change = (changes: Query) => go(withQuery(address, changes));
  return (
    <div className="row wrap filters">
      <Search key={address.query.get("search") ?? ""} address={address} />
      {filters.map(({ filter, text }) => (
        <span key={filter.name} className="filter">
          <button type="button" className="filter-text clip" onClick={() => setEdited(filter)}>
            {text}
          </button>
          <button
            type="button"
            className="filter-off"
            aria-label={`Take away: ${text}`}
            onClick={() => change(without(filter))}
          >
            ✕
          </button>
        </span>
      ))}
      <Button onClick={() => setEdited("new")}>+ Filter</Button>
      {isAny && (
        <Button look="bare" onClick={() => change(nothing())}>
          Clear
        </Button>
      )}
      {edited !== null && (
        <FilterDialog
          query={address.query}
          first={edited === "new" ? null : edited}
          onClose={() => setEdited(null)}
          onChosen={(changes) => {
            setEdited(null);
            change(changes);
          }}
        />
      )}
    </div>
  );
}

function Search({ address }: { address: Address }) {
  const said = address.query.get("search") ?? "";
  const [text, setText] = useState(said);
  useEffect(() => setText(said), [said]);
  const search = (event: FormEvent) => {
    event.preventDefault();
    go(withQuery(address, { search: text.trim() }));
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: <search> is not known everywhere yet
    <form role="search" className="log-search" onSubmit={search}>
      <input
        className="input"
        type="search"
        aria-label="Words in inputs, messages, outputs and errors"
        placeholder="Search words …"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onBlur={search}
      />
    </form>
  );
}
