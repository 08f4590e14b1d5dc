import type { ReactNode } from "react";

export interface TableBoxProps {
  /** What the table is of. */
  label: string;
  className?: string;
  children: ReactNode;
}

/** A table that is scrolled sideways where there is no room for it; by keyboard, too. */
export function TableBox({ label, className, children }: TableBoxProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
    <section className={className ? `table-box ${className}` : "table-box"} tabIndex={0} aria-label={label}>
      {children}
    </section>
  );
}
