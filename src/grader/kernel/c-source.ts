/** A token of C: a word, a number, a text, or a sign of one character. */
export interface Token {
  readonly kind: "word" | "number" | "text" | "sign";
  readonly text: string;
}

/** What the preprocessor is told, a line each, and the tokens of everything else. */
export interface CSource {
  readonly directives: readonly string[];
  readonly tokens: readonly Token[];
  /** For a parser: the source without comments, with the lines that a backslash joins as one, and of the directives only the conditions. */
  readonly parsable: string;
}

const spelling =
  /(?<space>\s+)|(?<text>(?:u8|[uUL])?"(?:\\[^]|[^"\\\n])*"|(?:[uUL])?'(?:\\[^]|[^'\\\n])*')|(?<word>[A-Za-z_]\w*)|(?<number>\.?\d(?:[eEpP][+-]|[\w.])*)|(?<sign>[^])/gy;

const condition = /^#\s*(?:if|ifdef|ifndef|elif|else|endif)\b/;

/** Reads C or CUDA as a compiler does before it parses: lines that a backslash joins are one, comments are a space. */
export function readC(source: string): CSource {
  const joined = source.replaceAll(/\\[ \t]*\r?\n/g, "");
  const text = joined.replaceAll(
    /("(?:\\[^]|[^"\\\n])*"|'(?:\\[^]|[^'\\\n])*')|\/\*[^]*?(?:\*\/|$)|\/\/[^\n]*/g,
    (_all, kept: string | undefined) => kept ?? " ",
  );
  const directives: string[] = [];
  const parsable = text.replaceAll(/^[ \t]*(?:#|%:|\?\?=)[^\n]*/gm, (line) => {
    const directive = line.trim().replace(/^(?:%:|\?\?=)/, "#");
    directives.push(directive);
    return condition.test(directive) ? directive : "";
  });
  return { directives, tokens: tokensOf(parsable.replaceAll(/^#.*$/gm, "")), parsable };
}

export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  for (const { groups = {} } of text.matchAll(spelling)) {
    const kind = (["text", "word", "number", "sign"] as const).find((name) => groups[name] !== undefined);
    if (kind !== undefined) tokens.push({ kind, text: groups[kind] ?? "" });
  }
  return tokens;
}
