import { Dialog } from "../../parts/Dialog";
import { Copy } from "../../parts/simple";
import type { Body } from "../../server";
import { snippets } from "./snippets";

/** The call that the form would make, from elsewhere. */
export function CallDialog({
  form,
  input,
  onClose,
}: {
  form: Body<"RunForm">;
  input: unknown;
  onClose: () => void;
}) {
  const chosen = form.chosen;
  const origin = new URL(".", location.href).href.replace(/\/$/, "");
  const all = snippets({
    origin,
    flow: form.file_id,
    shortId: form.short_id,
    path: form.path,
    node: form.node ?? "FlowInputNode",
    target: chosen
      ? { ref: chosen.ref, name: chosen.name, kind: chosen.kind, aliasId: chosen.alias_id }
      : null,
    input,
  });
  return (
    <Dialog title="Copy this call" onClose={onClose} isWide>
      {all.map((one) => (
        <section key={one.name} className="stack">
          <h3>{one.name}</h3>
          <Copy text={one.text} label={`Copy ${one.name}`} />
        </section>
      ))}
      {!chosen?.alias_id && (
        <p className="quiet">
          Clients of Amazon Bedrock call a flow by an alias or an environment; point one at this version to
          call it from there.
        </p>
      )}
    </Dialog>
  );
}
