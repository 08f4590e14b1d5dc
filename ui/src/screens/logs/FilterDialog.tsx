/** One filter, chosen or changed. */
import { type FormEvent, useState } from "react";
import type { Query } from "../../address";
import { Dialog } from "../../parts/Dialog";
import { Button, Field } from "../../parts/simple";
import { EvaluatorFilter } from "./EvaluatorFilter";
import { FILTERS, type Filter, fromInput, toInput } from "./filters";

export interface FilterDialogProps {
  query: URLSearchParams;
  first: Filter | null;
  onClose: () => void;
  onChosen: (changes: Query) => void;
}

export function FilterDialog({ query, first, onClose, onChosen }: FilterDialogProps) {
  const [name, setName] = useState(first?.name ?? "version");
  const filter = FILTERS.find((one) => one.name === name) ?? FILTERS[0];
  if (!filter) return null;
  return (
    <Dialog title={first ? "Change the filter" : "Filter the logs"} onClose={onClose}>
      {first === null && (
        <Field name="By">
          <select className="input" value={name} onChange={(event) => setName(event.target.value)}>
            {FILTERS.map((one) => (
              <option key={one.name} value={one.name}>
                {one.title}
              </option>
            ))}
          </select>
        </Field>
      )}
      {filter.entry === "evaluator" ? (
        <EvaluatorFilter query={query} onChosen={onChosen} />
      ) : (
        <Plain key={filter.name} filter={filter} query={query} onChosen={onChosen} />
      )}
    </Dialog>
  );
}

interface PlainProps {
  filter: Filter;
  query: URLSearchParams;
  onChosen: (changes: Query) => void;
}

function Plain({ filter, query, onChosen }: PlainProps) {
  const said = query.get(filter.name) ?? "";
  const start =
    filter.entry === "moment" ? toInput(said) : said || Object.keys(filter.choices ?? {})[0] || "";
  const [value, setValue] = useState(start);
  const apply = (event: FormEvent) => {
    event.preventDefault();
    onChosen({ [filter.name]: filter.entry === "moment" ? fromInput(value) : value.trim() });
  };
  return (
    <form className="stack" onSubmit={apply}>
      <Field name={filter.title} about={filter.about}>
        {filter.choices ? (
          <select className="input" value={value} onChange={(event) => setValue(event.target.value)}>
            {Object.entries(filter.choices).map(([choice, text]) => (
              <option key={choice} value={choice}>
                {text}
              </option>
            ))}
          </select>
        ) : (
          <input
            className="input"
            type={filter.entry === "moment" ? "datetime-local" : "text"}
            value={value}
            onChange={(event) => setValue(event.target.value)}
          />
        )}
      </Field>
      <footer>
        <Button look="main" type="submit">
          Apply
        </Button>
      </footer>
    </form>
  );
}
