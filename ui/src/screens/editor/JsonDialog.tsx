import { useState } from "react";
import { Dialog } from "../../parts/Dialog";
import { LongText } from "../../parts/LongText";
import { Button, CopyButton } from "../../parts/simple";
import { counted } from "../../parts/words";
import { copied } from "./model/clipboard";
import type { Editing } from "./useEditor";
import { insert } from "./useShortcuts";

/** The chosen nodes, or all, as JSON; and nodes from JSON. */
export function JsonDialog({ editing, onClose }: { editing: Editing; onClose: () => void }) {
  const [text, setText] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);
  const { level, chosen } = editing;
  const shown = copied(level, chosen);
  const put = () => {
    const problem = insert(editing, text);
    setWrong(problem);
    if (!problem) onClose();
  };
  return (
    <Dialog title="JSON" onClose={onClose} isWide>
      <div className="json-sides">
        <section className="stack">
          <div className="row">
            <h3 className="grow">{chosen.length ? counted(chosen.length, "chosen node") : "All nodes"}</h3>
            <CopyButton text={shown} />
          </div>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
          <pre className="json-shown" tabIndex={0}>
            <LongText text={shown} language="json" />
          </pre>
        </section>
        <section className="stack">
          <h3>Add nodes from JSON</h3>
          <textarea
            className="input code"
            aria-label="Nodes as JSON"
            rows={14}
            value={text}
            placeholder={'{"nodes": […], "connections": […]}'}
            onChange={(event) => setText(event.target.value)}
          />
          {wrong && (
            <p className="tone-bad" role="alert">
              {wrong}
            </p>
          )}
          <div className="row">
            <Button look="main" disabled={!text.trim()} onClick={put}>
              Add them
            </Button>
            <span className="quiet">Ctrl+C and Ctrl+V do the same on the canvas.</span>
          </div>
        </section>
      </div>
    </Dialog>
  );
}
