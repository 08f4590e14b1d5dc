/** Which loop is being edited, and the way out of it. */
export function Path({ loops, enter }: { loops: string[]; enter: (loops: string[]) => void }) {
  if (!loops.length) return null;
  return (
    <nav className="editor-path row" aria-label="Levels">
      <button type="button" className="button bare" onClick={() => enter([])}>
        The flow
      </button>
      {loops.map((name, index) => (
        <span key={name} className="row">
          <span aria-hidden="true">›</span>
          <button type="button" className="button bare" onClick={() => enter(loops.slice(0, index + 1))}>
            {name}
          </button>
        </span>
      ))}
      <span className="quiet">what this loop repeats</span>
    </nav>
  );
}
