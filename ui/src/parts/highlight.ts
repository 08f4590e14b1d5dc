/** What is what in code, so that it can be coloured. Each rule takes a text in one pass, whatever stands in it. */

export type Language = "json" | "python" | "template";

export interface Token {
  /** What it is; empty for all that has no colour. */
  kind: "" | "key" | "text" | "number" | "word" | "note" | "hole";
  text: string;
}

/** A text that is never closed goes on to the end of its line, so that no place is looked at twice. */
const QUOTED = /"(?:[^"\\\n]|\\[^\n])*"?/;
const APOSTROPHES = /'(?:[^'\\\n]|\\[^\n])*'?/;
const NUMBER = /-?\b\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?\b/;
const PYTHON_WORDS =
  "and|as|assert|async|await|break|class|continue|def|del|elif|else|except|False|finally|for|from|global|" +
  "if|import|in|is|lambda|None|nonlocal|not|or|pass|raise|return|True|try|while|with|yield";

const RULES: Record<Language, RegExp> = {
  json: rule({ text: QUOTED, number: NUMBER, word: /\b(?:true|false|null)\b/ }),
  python: rule({
    note: /#[^\n]*/,
    long: /"""[\s\S]*?(?:"""|$)|'''[\s\S]*?(?:'''|$)/,
    text: new RegExp(`${QUOTED.source}|${APOSTROPHES.source}`),
    number: NUMBER,
    word: new RegExp(`\\b(?:${PYTHON_WORDS})\\b`),
  }),
  template: rule({ hole: /\{\{[^{}\n]*\}\}|\{%[^%]*%\}/, note: /\{#[^#]*#\}/ }),
};

function rule(parts: Record<string, RegExp>): RegExp {
  const ways = Object.entries(parts).map(([name, way]) => `(?<${name}>${way.source})`);
  return new RegExp(ways.join("|"), "g");
}

/** The pieces of a text, in their order; together they are the text. */
export function tokens(text: string, language: Language): Token[] {
  const found: Token[] = [];
  let done = 0;
  for (const match of text.matchAll(RULES[language])) {
    const [said] = match;
    if (match.index > done) found.push({ kind: "", text: text.slice(done, match.index) });
    done = match.index + said.length;
    const [name] = Object.entries(match.groups ?? {}).find(([, one]) => one !== undefined) ?? [""];
    found.push({ kind: kindOf(name, text, done, language), text: said });
  }
  if (done < text.length) found.push({ kind: "", text: text.slice(done) });
  return found;
}

function kindOf(name: string, text: string, end: number, language: Language): Token["kind"] {
  if (language === "json" && name === "text" && text.charAt(end) === ":") return "key";
  return name === "long" ? "text" : (name as Token["kind"]);
}
