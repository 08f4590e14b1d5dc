/** Which columns the table has. */
import { Dialog } from "../../parts/Dialog";
import { COLUMNS } from "./columns";

export interface ColumnsDialogProps {
  shown: string[];
  onChosen: (names: string[]) => void;
  onClose: () => void;
}

const ALL = [...COLUMNS.map((one) => [one.name, one.title]), ["judgments", "Judgments, one column each"]];

export function ColumnsDialog({ shown, onChosen, onClose }: ColumnsDialogProps) {
  const toggle = (name: string) =>
    onChosen(shown.includes(name) ? shown.filter((one) => one !== name) : [...shown, name]);
  return (
    <Dialog title="Columns" onClose={onClose}>
      <fieldset className="checks">
        <legend className="hidden">Columns that are shown</legend>
        {ALL.map(([name = "", title]) => (
          <label key={name} className="row">
            <input type="checkbox" checked={shown.includes(name)} onChange={() => toggle(name)} />
            {title}
          </label>
        ))}
      </fieldset>
    </Dialog>
  );
}
