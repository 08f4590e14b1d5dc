import { Chip, Kind } from "../parts/simple";
import type { Shown } from "./FileFrame";

export function FileHead({ file }: { file: Shown }) {
  const folder = file.path.slice(0, file.path.length - file.name.length);
  return (
    <header className="file-head row wrap">
      <Kind type={file.type} />
      <span className="quiet">{folder.replaceAll("/", " / ")}</span>
      <h1>{file.name}</h1>
      <Chip title={file.id}>{file.id.slice(0, 9)}</Chip>
    </header>
  );
}
