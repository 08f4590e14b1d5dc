import { aimed, called, type Live, type VersionOption } from "./versions";

export interface VersionPickProps {
  label: string;
  value: string;
  onPick: (ref: string) => void;
  versions: VersionOption[];
  pointers?: Live[];
  /** Whether the draft may be chosen. */
  hasDraft?: boolean;
}

/** The name by which a version is chosen: its number where it has one. */
export function refOf(version: VersionOption): string {
  return String(version.numbers.at(-1) ?? version.version_id);
}

/** One version of a file: by its number, or by what points at it. */
export function VersionPick(props: VersionPickProps) {
  const { label, value, onPick, versions, pointers = [], hasDraft = false } = props;
  const known = new Set([
    ...versions.map(refOf),
    ...pointers.map((one) => one.pointer.name),
    ...(hasDraft ? ["draft"] : []),
  ]);
  return (
    <label className="version-pick">
      <span className="hidden">{label}</span>
      <select className="input" value={value} onChange={(event) => onPick(event.target.value)}>
        {!known.has(value) && <option value={value}>{value || "Choose …"}</option>}
        {hasDraft && <option value="draft">draft</option>}
        {pointers.length > 0 && (
          <optgroup label="Live">
            {pointers.map((one) => (
              <option key={one.pointer.id} value={one.pointer.name}>
                {one.pointer.name} ({aimed(one)})
              </option>
            ))}
          </optgroup>
        )}
        <optgroup label="Versions">
          {versions.map((version) => (
            <option key={version.version_id} value={refOf(version)}>
              {[called(version), version.description ?? version.name].filter(Boolean).join(" · ")}
            </option>
          ))}
        </optgroup>
      </select>
    </label>
  );
}
