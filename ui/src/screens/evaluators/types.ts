/** Who judges, in a word. */
export const TYPES: Record<string, string> = {
  python: "Code",
  llm: "Model",
  human: "People",
  external: "External",
};
