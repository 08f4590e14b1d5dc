/** What can be added: by a click, by the keyboard, or dragged to its place. */
import { lookOf } from "../../canvas/looks";
import type { NodeTypeBody } from "./model/settings";

export const DRAGGED = "application/x-headrace-node";

export function typesFor(types: NodeTypeBody[], isLoop: boolean): NodeTypeBody[] {
  return types.filter((type) => type.in_loops === "also" || (type.in_loops === "only") === isLoop);
}

export interface PaletteProps {
  types: NodeTypeBody[];
  onAdd: (type: NodeTypeBody) => void;
}

export function Palette(props: PaletteProps) {
  return (
    <aside className="palette" aria-label="What can be added">
      <TypeList {...props} />
    </aside>
  );
}

export function TypeList({ types, onAdd, isTold = false }: PaletteProps & { isTold?: boolean }) {
  const categories = [...new Set(types.map((type) => type.category))];
  return categories.map((category) => (
    <section key={category}>
      <h3 className="aside-title">{category}</h3>
      <ul>
        {types
          .filter((type) => type.category === category)
          .map((type) => (
            <li key={type.name}>
              <button
                type="button"
                className="palette-item"
                draggable={!isTold}
                title={isTold ? undefined : type.description}
                onDragStart={(event) => event.dataTransfer.setData(DRAGGED, type.name)}
                onClick={() => onAdd(type)}
              >
                <span className={`node-icon ${lookOf(type.name).tone}`} aria-hidden="true">
                  {lookOf(type.name).icon}
                </span>
                <span>
                  {type.title}
                  {isTold && <small className="quiet"> {type.description}</small>}
                </span>
              </button>
            </li>
          ))}
      </ul>
    </section>
  ));
}
