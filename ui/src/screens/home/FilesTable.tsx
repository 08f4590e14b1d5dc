import { to } from "../../address";
import { type FileRow, fileLink, splitPath } from "../../parts/files";
import { Kind } from "../../parts/simple";
import { Time } from "../../parts/Time";
import { count } from "../../parts/words";

export function FilesTable({ files }: { files: FileRow[] }) {
  return (
    <div className="table-box card">
      <table className="table files">
        <thead>
          <tr>
            <th>File</th>
            <th className="wide-only">Type</th>
            <th>Changed</th>
            <th className="number">Logs</th>
            <th className="wide-only">Last used</th>
          </tr>
        </thead>
        <tbody>
          {files.map((file) => (
            <FileLine key={file.id} file={file} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function FileLine({ file }: { file: FileRow }) {
  const { folder, name } = splitPath(file.path);
  return (
    <tr>
      <td>
        <a className="file-name" href={fileLink(file.id)}>
          <Kind type={file.type} />
          <span>
            <span className="quiet">{folder}</span>
            <strong>{name}</strong>
          </span>
        </a>
      </td>
      <td className="wide-only quiet">{file.type}</td>
      <td className="when">
        <Time at={file.updated_at} />
      </td>
      <td className="number">
        {file.logs_count ? (
          <a className="link" href={to(["f", file.id, "logs"])}>
            {count(file.logs_count)}
          </a>
        ) : (
          <span className="quiet">0</span>
        )}
      </td>
      <td className="wide-only when">
        {file.last_used_at ? <Time at={file.last_used_at} /> : <span className="quiet">never</span>}
      </td>
    </tr>
  );
}
