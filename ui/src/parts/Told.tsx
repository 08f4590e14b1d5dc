/** A sentence of the server, in which words between backticks are code. */
export function Told({ text }: { text: string }) {
  const parts = text.split("`");
  return (
    <>
      {parts.map((part, place) => {
        const key = `${place} ${part}`;
        return place % 2 ? <code key={key}>{part}</code> : <span key={key}>{part}</span>;
      })}
    </>
  );
}
