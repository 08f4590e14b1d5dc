import { useState } from "react";
import { Dialog } from "../../parts/Dialog";
import type { NodeTypeBody } from "./model/settings";
import { TypeList } from "./Palette";

export interface AddDialogProps {
  types: NodeTypeBody[];
  onAdd: (type: NodeTypeBody) => void;
  onClose: () => void;
}

/** Adds a node by typing a part of its type's name. */
export function AddDialog({ types, onAdd, onClose }: AddDialogProps) {
  const [wanted, setWanted] = useState("");
  const found = types.filter((type) =>
    `${type.title} ${type.name} ${type.category}`.toLowerCase().includes(wanted.trim().toLowerCase()),
  );
  const [first] = found;
  return (
    <Dialog title="Add a node" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (first) onAdd(first);
        }}
      >
        <input
          className="input"
          aria-label="Search node types"
          placeholder="Search; Enter adds the first"
          value={wanted}
          onChange={(event) => setWanted(event.target.value)}
          data-first
        />
      </form>
      <div className="add-list">
        <TypeList types={found} onAdd={onAdd} isTold />
        {!first && <p className="quiet">No node type is called so.</p>}
      </div>
    </Dialog>
  );
}
