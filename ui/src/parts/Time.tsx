import { moment } from "./words";

/** A moment, in the reader's own time; the exact one on hovering. */
export function Time({ at }: { at: string }) {
  return (
    <time dateTime={at} title={at}>
      {moment(at)}
    </time>
  );
}
