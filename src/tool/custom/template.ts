/** Of a command line with places for arguments: what stands between them, and the name at each. */
export interface Template {
  readonly texts: readonly string[];
  readonly names: readonly string[];
}

const place = /\{\{\s*([A-Za-z_][A-Za-z0-9_.-]*)\s*\}\}/g;

/** Reads a template, or says what is wrong with it. */
export function parseTemplate(command: string): Template | { readonly problem: string } {
  const texts: string[] = [];
  const names: string[] = [];
  let from = 0;
  for (const match of command.matchAll(place)) {
    const [whole, name = ""] = match;
    texts.push(command.slice(from, match.index));
    names.push(name);
    from = match.index + whole.length;
    const quote = openQuote(texts.join(" "));
    if (quote !== undefined) {
      return {
        problem: `{{${name}}} stands within ${quote}; write it outside, where it is one word whatever is in it`,
      };
    }
  }
  texts.push(command.slice(from));
  return { texts, names };
}

/** What is open at the end of a piece of shell, as far as quoting goes. */
function openQuote(text: string): string | undefined {
  let quote: string | undefined;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (quote === "'") {
      if (character === "'") quote = undefined;
    } else if (character === "\\") at += 1;
    else if (quote === '"') {
      if (character === '"') quote = undefined;
    } else if (character === "'" || character === '"') quote = character;
  }
  return quote === undefined ? undefined : quote === "'" ? "single quotes" : "double quotes";
}

/**
 * The command line with positional parameters in the places, and their values: the shell never reads a value as a part of the
 * command, so nothing in it needs to be quoted.
 */
export function fillTemplate(
  { texts, names }: Template,
  values: Readonly<Record<string, unknown>>,
): { readonly command: string; readonly args: readonly string[] } {
  const args: string[] = [];
  let command = texts[0] ?? "";
  for (const [at, name] of names.entries()) {
    const words = wordsOf(values[name]).map((word) => {
      args.push(word);
      return `"\${${args.length}}"`;
    });
    command += words.join(" ") + (texts[at + 1] ?? "");
  }
  return { command, args };
}

function wordsOf(value: unknown): readonly string[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value.map(wordOf) : [wordOf(value)];
}

const wordOf = (value: unknown): string => (typeof value === "string" ? value : (JSON.stringify(value) ?? ""));
