/** The ways of the keyboard between the canvas and the panel. */

/** Go on with the first field of what is chosen, once it is there. */
export function focusPanel(): void {
  requestAnimationFrame(() => document.querySelector<HTMLElement>(".panel input, .panel select")?.focus());
}

/** Go back from the panel to the node that it is about. */
export function focusNode(name: string | undefined): void {
  if (name) document.querySelector<HTMLElement>(`.react-flow__node[data-id="${CSS.escape(name)}"]`)?.focus();
}
