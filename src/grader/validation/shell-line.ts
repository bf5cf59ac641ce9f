/** A command of a shell line. */
export interface ShellCommand {
  readonly words: readonly string[];
  /** Files that its output is written to, `/dev/null` left out. */
  readonly writes: readonly string[];
  /** What joins it to the next one: `;` also for a new line. */
  readonly joint: ";" | "&&" | "||" | "|" | "&" | "end";
}

/** Words with which the shell does other than run the program of that name, one after the other. */
const otherwise = new Set(
  "if then elif else fi for while until do done case esac select function time coproc { } ! [[ eval alias exec exit return trap source .".split(
    " ",
  ),
);

/**
 * The commands of a line, for as much of the shell as runs one program after the other: words, quotes, comments,
 * redirections, `; && || | &`. Undefined for everything else (substitutions, functions, loops, here-documents, `exit`):
 * what runs there cannot be read off the text.
 */
export function shellLine(text: string): ShellCommand[] | undefined {
  const reader = new Reader(text);
  return reader.read() ? reader.commands : undefined;
}

class Reader {
  readonly commands: ShellCommand[] = [];
  readonly #text: string;
  #at = 0;
  #words: string[] = [];
  #writes: string[] = [];

  constructor(text: string) {
    this.#text = text.replaceAll("\\\n", "");
  }

  /** Whether the text is of the kind that can be read. */
  read(): boolean {
    for (;;) {
      this.#skipBlanks();
      const char = this.#text[this.#at];
      if (char === undefined) return this.#end("end");
      if (char === "#") this.#skipComment();
      else if (/[()]/.test(char)) return false;
      else if (/[;&|\n]/.test(char) && !this.#text.startsWith("&>", this.#at)) {
        if (!this.#operator()) return false;
      } else if (!this.#wordOrRedirection()) return false;
    }
  }

  #skipBlanks(): void {
    while (/[ \t\r]/.test(this.#text[this.#at] ?? "")) this.#at += 1;
  }

  #skipComment(): void {
    while (this.#at < this.#text.length && this.#text[this.#at] !== "\n") this.#at += 1;
  }

  #operator(): boolean {
    const two = this.#text.slice(this.#at, this.#at + 2);
    if (two === ";;") return false;
    const long = two === "&&" || two === "||" || two === "|&";
    this.#at += long ? 2 : 1;
    if (two === "&&" || two === "||") return this.#end(two);
    const one = two.charAt(0);
    return this.#end(one === "\n" || one === ";" ? ";" : one === "|" ? "|" : "&");
  }

  #end(joint: ShellCommand["joint"]): boolean {
    const [first] = this.#words;
    if (first !== undefined && otherwise.has(first)) return false;
    if (first !== undefined || this.#writes.length > 0)
      this.commands.push({ words: this.#words, writes: this.#writes, joint });
    else if (joint !== ";" && joint !== "end") return false;
    this.#words = [];
    this.#writes = [];
    return true;
  }

  #wordOrRedirection(): boolean {
    const redirection = /(?:\d?|&)(>>|>\||>|<<|<)(&?)/y;
    redirection.lastIndex = this.#at;
    const found = redirection.exec(this.#text);
    if (found) {
      const [whole, arrow, toDescriptor] = found;
      if (arrow === "<<") return false;
      this.#at += whole.length;
      this.#skipBlanks();
      const target = this.#word();
      if (target === undefined || target === "") return false;
      const isFile = arrow !== "<" && !(toDescriptor && /^[\d-]+$/.test(target)) && target !== "/dev/null";
      if (isFile) this.#writes.push(target);
      return true;
    }
    const word = this.#word();
    if (word === undefined) return false;
    this.#words.push(word);
    return true;
  }

  /** The word that begins here without its quotes; undefined when it is cut or computes something. */
  #word(): string | undefined {
    let word = "";
    while (this.#at < this.#text.length) {
      const char = this.#text.charAt(this.#at);
      if (/[\s;&|<>()]/.test(char)) break;
      this.#at += 1;
      if (char === "'") {
        const close = this.#text.indexOf("'", this.#at);
        if (close < 0) return undefined;
        word += this.#text.slice(this.#at, close);
        this.#at = close + 1;
      } else if (char === '"') {
        const inside = this.#doubleQuoted();
        if (inside === undefined) return undefined;
        word += inside;
      } else if (char === "\\") {
        word += this.#text.charAt(this.#at);
        this.#at += 1;
      } else if (char === "`" || (char === "$" && /[({]/.test(this.#text.charAt(this.#at)))) return undefined;
      else word += char;
    }
    return word;
  }

  #doubleQuoted(): string | undefined {
    let word = "";
    while (this.#at < this.#text.length) {
      const char = this.#text.charAt(this.#at);
      this.#at += 1;
      if (char === '"') return word;
      if (char === "`" || (char === "$" && this.#text[this.#at] === "(")) return undefined;
      if (char === "\\" && /["\\$`]/.test(this.#text.charAt(this.#at))) {
        word += this.#text.charAt(this.#at);
        this.#at += 1;
      } else word += char;
    }
    return undefined;
  }
}
