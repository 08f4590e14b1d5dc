import type { Definition } from "../../canvas/definition";
import { Button } from "../../parts/simple";
import type { Editing } from "./useEditor";

/** Somebody else changed the draft meanwhile: theirs or mine. Undo brings back what was left. */
export function Conflict({ editing }: { editing: Editing }) {
  const take = async () => editing.replace((await editing.theirs()).definition as Definition);
  return (
    <div className="failure row wrap" role="alert">
      <span className="grow">Someone else changed this draft. What you did since is not saved.</span>
      <Button onClick={take}>Show theirs</Button>
      <Button look="danger" onClick={editing.overwrite}>
        Overwrite with mine
      </Button>
    </div>
  );
}
