/** Names that a definition admits: letters and digits, single underscores between them, at least two characters. */

const MAX = 50;

/** A name like the one that is wanted which is not taken yet. */
export function freeName(wanted: string, taken: Iterable<string>, most = MAX): string {
  const known = new Set(taken);
  const cleaned = wanted.replace(/[^0-9a-zA-Z]/g, "").replace(/^[0-9]+/, "");
  const base = (cleaned.length > 1 ? cleaned : `Node${cleaned}`).slice(0, most);
  if (!known.has(base)) return base;
  const stem = base.replace(/[0-9]+$/, "") || base;
  for (let number = 2; ; number += 1) {
    const name = `${stem.slice(0, most - String(number).length)}${number}`;
    if (!known.has(name)) return name;
  }
}
