/** Where a draft is edited: what can be added, the canvas, what is chosen, and how it stands. */
import { useState } from "react";
import { Failure } from "../../parts/simple";
import { AddDialog } from "./AddDialog";
import { Conflict } from "./Conflict";
import { EditCanvas } from "./EditCanvas";
import type { EditorProps } from "./Editor";
import { focusPanel } from "./focus";
import { JsonDialog } from "./JsonDialog";
import { addNode } from "./model/edits";
import type { NodeTypeBody } from "./model/settings";
import { Palette, typesFor } from "./Palette";
import { Panel } from "./Panel";
import { Path } from "./Path";
import { ReleaseDialog } from "./ReleaseDialog";
import { Toolbar } from "./Toolbar";
import type { DraftBody } from "./useDraft";
import { useEditor } from "./useEditor";
import { usePlaces } from "./usePlaces";
import { useShortcuts } from "./useShortcuts";

export type Open = "add" | "json" | "release" | null;

export function Board({ first, address, types, pick, onMade }: EditorProps & { first: DraftBody }) {
  const editing = useEditor(first, address);
  const places = usePlaces(first.file.id);
  const [open, setOpen] = useState<Open>(null);
  const offered = typesFor(types.node_types, editing.loops.length > 0);
  useShortcuts(editing, () => setOpen("add"), open === null);
  const add = (type: NodeTypeBody, at?: { x: number; y: number }) => {
    const made = addNode(editing.level, type.example as never);
    editing.apply((level) => addNode(level, type.example as never).level);
    if (at) places.put(editing.loops, made.name, at);
    editing.choose([made.name]);
    setOpen(null);
    if (!at) focusPanel();
  };
  const close = () => setOpen(null);
  return (
    <div className="editor">
      <Toolbar editing={editing} pick={pick} onOpen={setOpen} onTidy={() => places.clear(editing.loops)} />
      {editing.saving.state === "conflict" && <Conflict editing={editing} />}
      {editing.saving.state === "refused" && <Failure error={editing.saving.error} again={editing.flush} />}
      <Path loops={editing.loops} enter={editing.enter} />
      <div className="editor-body">
        <Palette types={offered} onAdd={add} />
        <EditCanvas editing={editing} types={types.node_types} places={places} onDrop={add} />
        <Panel editing={editing} types={types} />
      </div>
      {open === "add" && <AddDialog types={offered} onAdd={add} onClose={close} />}
      {open === "json" && <JsonDialog editing={editing} onClose={close} />}
      {open === "release" && <ReleaseDialog editing={editing} onClose={close} onMade={onMade} />}
    </div>
  );
}
