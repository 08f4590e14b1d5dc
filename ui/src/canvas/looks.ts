/** How each type of node is told apart: a sign and a tone. A type that is not here looks plain. */

export type Tone = "blue" | "violet" | "orange" | "pink" | "teal" | "green" | "plain";

export interface Look {
  icon: string;
  tone: Tone;
}

const LOOKS: Record<string, Look> = {
  Input: { icon: "→", tone: "blue" },
  Output: { icon: "⇥", tone: "blue" },
  Prompt: { icon: "✦", tone: "violet" },
  Agent: { icon: "☉", tone: "violet" },
  Condition: { icon: "◇", tone: "orange" },
  Iterator: { icon: "⟳", tone: "orange" },
  Collector: { icon: "≡", tone: "orange" },
  Loop: { icon: "∞", tone: "orange" },
  LoopInput: { icon: "→", tone: "orange" },
  LoopController: { icon: "◎", tone: "orange" },
  InlineCode: { icon: "{}", tone: "pink" },
  LambdaFunction: { icon: "λ", tone: "pink" },
  KnowledgeBase: { icon: "⌕", tone: "teal" },
  Retrieval: { icon: "⇣", tone: "green" },
  Storage: { icon: "⇡", tone: "green" },
  Lex: { icon: "☰", tone: "teal" },
};

export function lookOf(type: string): Look {
  return LOOKS[type] ?? { icon: "•", tone: "plain" };
}
