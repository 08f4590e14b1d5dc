/** Numbers and times as people read them. */

const plain = new Intl.NumberFormat("en-US", { maximumFractionDigits: 2 });

export function count(value: number): string {
  return plain.format(value);
}

/** One thing, two things: `counted(2, "node")`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** A duration: `412 ms`, `2.41 s`, `3 min 5 s`. */
export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 0.0095) return `${plain.format(seconds * 1000)} ms`;
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${seconds.toFixed(2)} s`;
  const whole = Math.round(seconds);
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  return hours ? `${hours} h ${minutes} min` : `${minutes} min ${whole % 60} s`;
}

export function money(dollars: number | null | undefined): string {
  if (dollars === null || dollars === undefined) return "–";
  return `$${dollars.toFixed(dollars !== 0 && dollars < 0.1 ? 4 : 2)}`;
}

export function percent(share: number | null | undefined): string {
  return share === null || share === undefined ? "–" : `${plain.format(Math.round(share * 1000) / 10)}%`;
}

/** A moment, in the reader's own time: today only the time, this year without the year. */
export function moment(iso: string, now = new Date()): string {
  const at = new Date(iso);
  const time = at.toLocaleTimeString("en-GB");
  if (at.toDateString() === now.toDateString()) return time;
  const day = at.toLocaleDateString("en-GB", {
    day: "numeric",
    month: "short",
    year: at.getFullYear() === now.getFullYear() ? undefined : "numeric",
  });
  return `${day}, ${time.slice(0, 5)}`;
}
