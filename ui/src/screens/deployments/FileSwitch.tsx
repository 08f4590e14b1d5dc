/** The switch of a whole file: with it off, all its pointers and versions refuse calls. */
import { useState } from "react";
import { Dialog } from "../../parts/Dialog";
import { Badge, Button, Failure, Field } from "../../parts/simple";
import { ask, type Body } from "../../server";
import { useMay } from "../../shell/session";

export interface FileSwitchProps {
  file: Body<"FileBody">;
  isOff: boolean;
  onDone: (said: string) => void;
}

export function FileSwitch({ file, isOff, onDone }: FileSwitchProps) {
  const mayMove = useMay("editor");
  const [isAsking, setAsking] = useState(false);
  return (
    <div className="row wrap">
      {isOff && (
        <>
          <Badge tone="bad">Switched off</Badge>
          <span>All calls of this {file.type} are refused, whatever they name.</span>
        </>
      )}
      <span className="grow" />
      {mayMove && (
        <Button look={isOff ? "main" : "bare"} onClick={() => setAsking(true)}>
          {isOff ? `Switch the ${file.type} on …` : `Switch the whole ${file.type} off …`}
        </Button>
      )}
      {isAsking && <SwitchDialog {...{ file, isOff, onDone }} onClose={() => setAsking(false)} />}
    </div>
  );
}

function SwitchDialog({ file, isOff, onDone, onClose }: FileSwitchProps & { onClose: () => void }) {
  const [reason, setReason] = useState("");
  const [failure, setFailure] = useState<Error | null>(null);
  const confirm = async (event: React.FormEvent) => {
    event.preventDefault();
    try {
      const body = { is_off: !isOff, reason: reason.trim() || undefined };
      await ask("PUT", ["files", file.id, "switch"], { body });
      onClose();
      onDone(`The whole ${file.type} is switched ${isOff ? "on" : "off"}.`);
    } catch (error) {
      setFailure(error as Error);
    }
  };
  const title = isOff ? `Switch ${file.path} on` : `Switch ${file.path} off`;
  return (
    <Dialog title={title} onClose={onClose}>
      <form className="stack" onSubmit={confirm}>
        <p>
          {isOff
            ? "Its pointers are called again, but for those that are switched off themselves."
            : "Calls by any pointer or version are refused at once, with your reason. Reading goes on."}
        </p>
        {failure && <Failure error={failure} />}
        <Field name="Reason" about="Callers are told.">
          <input className="input" value={reason} onChange={(event) => setReason(event.target.value)} />
        </Field>
        <footer>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="main" type="submit">
            {isOff ? "Switch on" : "Switch off"}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
