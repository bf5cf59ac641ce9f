import type { Language, Node, Parser } from "web-tree-sitter";
import { languageOf, type CodeLanguage } from "./languages.ts";

/** Something that a file defines. Lines from 1. */
export interface Definition {
  readonly name: string;
  readonly kind: string;
  readonly start: number;
  readonly end: number;
}

/** A place where a name stands. Lines and columns from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
  readonly role: "definition" | "call" | "use";
}

/** Of a source that is read as code; what is longer is rarely written by people. In UTF-16 units. */
export const maxSourceLength = 512 * 1024;
/** Hundreds of the parser's operations each: a second or so on sources that are all errors. */
const mostSteps = 3_000;
const mostDefinitions = 5_000;
const mostPlaces = 1_000;
const maxNameLength = 128;

/**
 * Reads sources by their grammars. It lives in a thread of its own: a source can fill or break the parser's memory, and then only
 * the thread is lost.
 */
export class Syntax {
  readonly #parsers = new Map<string, Parser>();

  /** Undefined where no grammar fits, or the source is too long or too hard to read. */
  async definitions(path: string, source: string): Promise<readonly Definition[] | undefined> {
    return await this.#read(path, source, (root, language) => {
      const nodes = root.descendantsOfType(Object.keys(language.definitions)).slice(0, mostDefinitions);
      return nodes.flatMap((node) => {
        const name = definedName(node);
        const text = name?.text ?? "";
        if (text === "" || text.length > maxNameLength) return [];
        const kind = language.definitions[node.type] ?? "";
        return [{ name: text, kind, start: node.startPosition.row + 1, end: node.endPosition.row + 1 }];
      });
    });
  }

  /** Where a name stands in a source, comments and texts aside. Undefined as above. */
  async places(path: string, source: string, name: string): Promise<readonly Place[] | undefined> {
    return await this.#read(path, source, (root, language) => {
      const found: Place[] = [];
      for (const node of root.descendantsOfType([...language.names])) {
        if (node.text !== name) continue;
        if (found.length === mostPlaces) break;
        const { row, column } = node.startPosition;
        found.push({ line: row + 1, column: column + 1, role: roleOf(node, language) });
      }
      return found;
    });
  }

  async #read<T>(
    path: string,
    source: string,
    take: (root: Node, language: CodeLanguage) => T,
  ): Promise<T | undefined> {
    const language = languageOf(path);
    if (language === undefined || source.length > maxSourceLength) return undefined;
    const parser = await this.#parserOf(language);
    let steps = 0;
    const tree = parser.parse(source, null, { progressCallback: () => (steps += 1) > mostSteps });
    if (tree === null) {
      parser.reset();
      return undefined;
    }
    try {
      return take(tree.rootNode, language);
    } finally {
      tree.delete();
    }
  }

  async #parserOf(language: CodeLanguage): Promise<Parser> {
    const known = this.#parsers.get(language.name);
    if (known) return known;
    const { Parser: NewParser, Language: Languages } = await import("web-tree-sitter");
    await NewParser.init();
    const grammar: Language = await Languages.load(language.grammar());
    const parser = new NewParser();
    parser.setLanguage(grammar);
    this.#parsers.set(language.name, parser);
    return parser;
  }
}

const functionValues = new Set(["arrow_function", "function_expression", "function", "class", "generator_function"]);
const withBody = new Set(["struct_specifier", "union_specifier", "enum_specifier"]);

/** The node of the name that a definition gives; null where it gives none. */
function definedName(node: Node): Node | null {
  if (node.type === "variable_declarator") {
    const value = node.childForFieldName("value");
    if (value === null || !functionValues.has(value.type)) return null;
  }
  if (withBody.has(node.type) && node.childForFieldName("body") === null) return null;
  const name = node.childForFieldName("name");
  if (name !== null) return name;
  let declarator = node.childForFieldName("declarator");
  for (let depth = 0; declarator !== null && depth < 10; depth += 1) {
    if (declarator.type.endsWith("identifier")) return declarator;
    declarator = declarator.childForFieldName("declarator");
  }
  return null;
}

function roleOf(node: Node, language: CodeLanguage): Place["role"] {
  let above = node.parent;
  for (let depth = 0; above !== null && depth < 4; depth += 1) {
    if (above.type in language.definitions && definedName(above)?.id === node.id) return "definition";
    above = above.parent;
  }
  const { parent } = node;
  if (parent === null) return "use";
  const called = parent.childForFieldName("function") ?? parent.childForFieldName("constructor");
  if (
    called?.id === node.id ||
    (parent.type === "method_invocation" && parent.childForFieldName("name")?.id === node.id)
  ) {
    return "call";
  }
  const outer = parent.parent?.childForFieldName("function");
  return outer?.id === parent.id && parent.lastNamedChild?.id === node.id ? "call" : "use";
}
