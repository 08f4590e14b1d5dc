/** All logs that are wanted, as a file. */
import { useState } from "react";
import type { Query } from "../../address";
import { Dialog } from "../../parts/Dialog";
import { Button, Failure } from "../../parts/simple";
import { askText } from "../../server";

export interface ExportProps {
  /** Below which path of the API the logs are. */
  parts: string[];
  query: Query;
  onClose: () => void;
}

const FORMS = { jsonl: "JSON lines, each log whole", csv: "CSV, a table for spreadsheets" };

export function Export({ parts, query, onClose }: ExportProps) {
  const [busy, setBusy] = useState<string | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const save = async (form: string) => {
    setBusy(form);
    setError(null);
    try {
      const text = await askText("GET", [...parts.slice(0, -1), "exports", "logs"], {
        query: { ...query, as: form },
      });
      download(text, `logs.${form}`, form === "csv" ? "text/csv" : "application/x-ndjson");
      onClose();
    } catch (refused) {
      setError(refused as Error);
    }
    setBusy(null);
  };
  return (
    <Dialog title="Export what the filter leaves" onClose={onClose}>
      <p className="quiet">All logs that fit, not only those on this page, newest first.</p>
      {error && <Failure error={error} />}
      <div className="stack">
        {Object.entries(FORMS).map(([form, text]) => (
          <Button key={form} disabled={busy !== null} onClick={() => save(form)}>
            {busy === form ? "Collecting …" : text}
          </Button>
        ))}
      </div>
    </Dialog>
  );
}

function download(text: string, name: string, type: string): void {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
