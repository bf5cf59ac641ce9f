import { SyntaxFault, type Word, type WordPart } from "./syntax.ts";

export type Token = { readonly operator: string } | { readonly word: Word };

const operators = ["&&", "||", ">>", "&>", ">&", ";", "&", "|", "(", ")", "<", ">", "\n"];
const notSupported = [/^<</, /^\$\(/, /^`/, /^\$\{[A-Za-z_]\w*[^\w}]/];

/** Splits a script into words and operators. @throws SyntaxFault at here-documents, substitutions and unclosed quotes */
export function tokensOf(script: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < script.length) {
    const rest = script.slice(at);
    const space = /^(?:[ \t\r]+|\\\n)/.exec(rest);
    if (space) {
      at += space[0].length;
      continue;
    }
    if (rest.startsWith("#")) {
      at += /^[^\n]*/.exec(rest)?.[0].length ?? 0;
      continue;
    }
    const stream = /^[012](?=[<>])/.exec(rest);
    if (stream) {
      tokens.push({ operator: stream[0] });
      at += 1;
      continue;
    }
    assertSupported(rest);
    const operator = operators.find((one) => rest.startsWith(one));
    if (operator) {
      tokens.push({ operator });
      at += operator.length;
      continue;
    }
    const { word, length } = readWord(rest);
    tokens.push({ word });
    at += length;
  }
  return tokens;
}

function readWord(text: string): { word: Word; length: number } {
  const parts: WordPart[] = [];
  let at = 0;
  while (at < text.length) {
    const rest = text.slice(at);
    assertSupported(rest);
    if (/^[\s;&|()<>]/.test(rest)) break;
    if (rest.startsWith("'")) {
      const end = rest.indexOf("'", 1);
      if (end === -1) throw new SyntaxFault("unterminated quoted string");
      parts.push({ text: rest.slice(1, end), quoted: true });
      at += end + 1;
    } else if (rest.startsWith('"')) {
      at += 1 + readDoubleQuoted(rest.slice(1), parts);
    } else if (rest.startsWith("\\")) {
      parts.push({ text: rest.slice(1, 2), quoted: true });
      at += 2;
    } else {
      at += readVariable(rest, parts, false) || readPlain(rest, parts);
    }
  }
  return { word: parts, length: at };
}

/** Up to and with the closing quote. */
function readDoubleQuoted(text: string, parts: WordPart[]): number {
  parts.push({ text: "", quoted: true });
  let at = 0;
  for (;;) {
    const rest = text.slice(at);
    if (rest === "") throw new SyntaxFault("unterminated quoted string");
    if (rest.startsWith('"')) return at + 1;
    assertSupported(rest);
    if (/^\\["\\$`]/.test(rest)) {
      parts.push({ text: rest.slice(1, 2), quoted: true });
      at += 2;
      continue;
    }
    const length = readVariable(rest, parts, true);
    if (length === 0) parts.push({ text: rest.slice(0, 1), quoted: true });
    at += length || 1;
  }
}

function readVariable(text: string, parts: WordPart[], quoted: boolean): number {
  const match = /^\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*|[?$#0-9@]))/.exec(text);
  if (!match) return 0;
  parts.push({ variable: match[1] ?? match[2] ?? "", quoted });
  return match[0].length;
}

function readPlain(text: string, parts: WordPart[]): number {
  const plain = /^[^\s;&|()<>'"\\$`]+/.exec(text)?.[0] ?? text.slice(0, 1);
  parts.push({ text: plain, quoted: false });
  return plain.length;
}

function assertSupported(rest: string): void {
  if (notSupported.some((form) => form.test(rest))) throw new SyntaxFault(`not interpreted here: ${rest.slice(0, 10)}`);
}
