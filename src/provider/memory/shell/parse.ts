import { SyntaxFault, type AndOr, type Command, type List, type Pipeline, type Redirect, type Word } from "./syntax.ts";
import { tokensOf, type Token } from "./tokens.ts";

const notInterpreted = new Set(["if", "for", "case", "until", "function", "select"]);

/**
 * Reads the part of the shell's language that the fake interprets: lists, `&&`, `||`, `!`, pipes, groups, subshells,
 * `while`, background jobs, redirections, quotes and variables. @throws SyntaxFault at all else
 */
export function parse(script: string): List {
  const parser = new Parser(tokensOf(script));
  const list = parser.list(() => false);
  parser.expectEnd();
  return list;
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  expectEnd(): void {
    if (this.#at < this.#tokens.length) throw new SyntaxFault(`unexpected ${this.#describe()}`);
  }

  list(isEnd: () => boolean): List {
    const items: { andOr: AndOr; background: boolean }[] = [];
    for (;;) {
      while (this.#take("\n") || this.#take(";"));
      if (this.#at >= this.#tokens.length || isEnd()) return items;
      const andOr = this.#andOr();
      const background = this.#take("&");
      items.push({ andOr, background });
      if (!background && !this.#take(";") && !this.#take("\n")) return items;
    }
  }

  #andOr(): AndOr {
    const first = this.#pipeline();
    const rest: { when: "&&" | "||"; pipeline: Pipeline }[] = [];
    for (;;) {
      const when = this.#take("&&") ? "&&" : this.#take("||") ? "||" : undefined;
      if (when === undefined) return { first, rest };
      while (this.#take("\n"));
      rest.push({ when, pipeline: this.#pipeline() });
    }
  }

  #pipeline(): Pipeline {
    const negated = this.#takeKeyword("!");
    const commands = [this.#command()];
    while (this.#take("|")) commands.push(this.#command());
    return { negated, commands };
  }

  #command(): Command {
    if (this.#take("(")) {
      const body = this.list(() => this.#isOperator(")"));
      if (!this.#take(")")) throw new SyntaxFault("missing )");
      return { kind: "group", subshell: true, body, redirects: this.#redirects() };
    }
    if (this.#takeKeyword("{")) {
      const body = this.#until("}");
      return { kind: "group", subshell: false, body, redirects: this.#redirects() };
    }
    if (this.#takeKeyword("while")) {
      const condition = this.#until("do");
      const body = this.#until("done");
      return { kind: "while", condition, body, redirects: this.#redirects() };
    }
    return this.#simple();
  }

  #simple(): Command {
    const assignments: { name: string; value: Word }[] = [];
    const words: Word[] = [];
    const redirects: Redirect[] = [];
    for (;;) {
      const redirect = this.#redirect();
      if (redirect) {
        redirects.push(redirect);
        continue;
      }
      const token = this.#tokens[this.#at];
      if (token === undefined || !("word" in token)) break;
      this.#at++;
      const assignment = words.length === 0 ? assignmentOf(token.word) : undefined;
      if (assignment) assignments.push(assignment);
      else words.push(token.word);
    }
    const keyword = words[0] && keywordOf(words[0]);
    if (keyword !== undefined && notInterpreted.has(keyword)) throw new SyntaxFault(`not interpreted here: ${keyword}`);
    if (words.length + assignments.length + redirects.length === 0)
      throw new SyntaxFault(`unexpected ${this.#describe()}`);
    return { kind: "simple", assignments, words, redirects };
  }

  #redirects(): Redirect[] {
    const redirects: Redirect[] = [];
    for (let redirect = this.#redirect(); redirect; redirect = this.#redirect()) redirects.push(redirect);
    return redirects;
  }

  #redirect(): Redirect | undefined {
    const start = this.#at;
    const named = (["0", "1", "2"] as const).find((stream) => this.#take(stream));
    for (const [operator, how] of [
      ["&>", "write"],
      [">>", "append"],
      [">&", "duplicate"],
      [">", "write"],
      ["<", "read"],
    ] as const) {
      if (!this.#take(operator)) continue;
      const token = this.#tokens[this.#at++];
      if (token === undefined || !("word" in token)) throw new SyntaxFault("a redirection without a target");
      const stream =
        operator === "&>" ? "both" : named !== undefined ? (Number(named) as 0 | 1 | 2) : operator === "<" ? 0 : 1;
      return { stream, how, target: token.word };
    }
    this.#at = start;
    return undefined;
  }

  #until(keyword: string): List {
    const body = this.list(() => this.#isKeyword(keyword));
    if (!this.#takeKeyword(keyword)) throw new SyntaxFault(`missing ${keyword}`);
    return body;
  }

  #isOperator(operator: string): boolean {
    const token = this.#tokens[this.#at];
    return token !== undefined && "operator" in token && token.operator === operator;
  }

  #isKeyword(keyword: string): boolean {
    const token = this.#tokens[this.#at];
    return token !== undefined && "word" in token && keywordOf(token.word) === keyword;
  }

  #take(operator: string): boolean {
    if (!this.#isOperator(operator)) return false;
    this.#at++;
    return true;
  }

  #takeKeyword(keyword: string): boolean {
    if (!this.#isKeyword(keyword)) return false;
    this.#at++;
    return true;
  }

  #describe(): string {
    const token = this.#tokens[this.#at];
    if (token === undefined) return "end of file";
    return "operator" in token ? JSON.stringify(token.operator) : "word";
  }
}

function keywordOf(word: Word): string | undefined {
  const [part, ...more] = word;
  return part !== undefined && more.length === 0 && "text" in part && !part.quoted ? part.text : undefined;
}

function assignmentOf(word: Word): { name: string; value: Word } | undefined {
  const [first, ...rest] = word;
  if (first === undefined || !("text" in first) || first.quoted) return undefined;
  const match = /^([A-Za-z_]\w*)=([^]*)$/.exec(first.text);
  if (!match) return undefined;
  return { name: match[1] ?? "", value: [{ text: match[2] ?? "", quoted: false }, ...rest] };
}
