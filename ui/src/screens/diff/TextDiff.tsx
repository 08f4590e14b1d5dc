import { useLoaded } from "../../loaded";
import { CopyButton, Failure, Loading } from "../../parts/simple";
import { askText } from "../../server";

const WIDTH = 120;
const KINDS: Record<string, string> = { "+": "after", "-": "before", "~": "changed", ">": "moved" };

/** The same as a text, as `headrace diff` prints it. */
export function TextDiff(props: { file: string; from: string; to: string }) {
  const { file, from, to } = props;
  const text = useLoaded(`text ${file} ${from} ${to}`, (signal) => {
    const query = { from, to, as: "text", width: WIDTH };
    return askText("GET", ["files", file, "diff"], { query, signal });
  });
  if (text.error) return <Failure error={text.error} again={text.reload} />;
  if (text.value === null) return <Loading />;
  return (
    <div className="text-diff">
      <CopyButton text={text.value} label="Copy all" />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <pre tabIndex={0}>
        {text.value.split("\n").map((line, place) => (
          <Line key={place} line={line} />
        ))}
      </pre>
    </div>
  );
}

const MARKS = /(\[-.*?-\]|\{\+.*?\+\})/;

/** A line, with the words in it that were removed or added marked. */
function Line({ line }: { line: string }) {
  return (
    <span className={`line ${KINDS[line.trimStart()[0] ?? ""] ?? ""}`}>
      {line.split(MARKS).map((piece, place) => {
        const key = `${place} ${piece.length}`;
        if (piece.startsWith("[-")) return <del key={key}>{piece}</del>;
        if (piece.startsWith("{+")) return <ins key={key}>{piece}</ins>;
        return <span key={key}>{piece}</span>;
      })}
      {"\n"}
    </span>
  );
}
