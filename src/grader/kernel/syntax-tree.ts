import { createRequire } from "node:module";
import type { Tree } from "web-tree-sitter";

/** A node of a syntax tree, signs and words of the language among them. */
export interface SyntaxNode {
  /** As the grammar calls it: `for_statement`, `identifier`, `{`. */
  readonly type: string;
  /** What it is to its parent: `condition`, `body`. Empty for most. */
  readonly field: string;
  /** The source from its first to its last character. */
  readonly text: string;
  /** Whether it, or anything in it, is no part of the language, or had to be imagined. */
  readonly broken: boolean;
  readonly children: readonly SyntaxNode[];
}

/** Hundreds of the parser's operations each: some seconds on sources that are all errors. */
const mostSteps = 10_000;
const mostNodes = 400_000;
const mostDepth = 500;

const require = createRequire(import.meta.url);
const grammars = {
  c: () => require.resolve("tree-sitter-c/tree-sitter-c.wasm"),
  cuda: () => require.resolve("tree-sitter-cuda/tree-sitter-cuda.wasm"),
};
export type TreeLanguage = keyof typeof grammars;

/**
 * The syntax tree of a source, which may be anything. Undefined where it takes more than 1,000,000 operations of the parser,
 * has more than 400,000 nodes, is nested deeper than 500, or breaks the parser, which is then of no more use in this thread.
 * @throws where the parser or the grammar cannot be loaded
 */
export async function syntaxTreeOf(source: string, language: TreeLanguage): Promise<SyntaxNode | undefined> {
  const { Parser, Language } = await import("web-tree-sitter");
  await Parser.init();
  const grammar = await Language.load(grammars[language]());
  const parser = new Parser();
  parser.setLanguage(grammar);
  try {
    let steps = 0;
    const tree = parser.parse(source, null, { progressCallback: () => (steps += 1) > mostSteps });
    const small = tree !== null && tree.rootNode.descendantCount <= mostNodes;
    const copy = small ? copyOf(tree, source) : undefined;
    tree?.delete();
    parser.delete();
    return copy;
  } catch (thrown) {
    // Its memory may be in any state now: nothing in it is touched again, and the thread ends with it.
    if (thrown instanceof Error && (thrown.name === "RuntimeError" || thrown.name === "RangeError")) return undefined;
    throw thrown;
  }
}

interface Growing extends SyntaxNode {
  broken: boolean;
  readonly children: Growing[];
}

/** The nodes outside the parser's memory. Undefined where they are nested too deep. */
function copyOf(tree: Tree, source: string): SyntaxNode | undefined {
  const cursor = tree.walk();
  try {
    const here = (): Growing => ({
      type: cursor.nodeType,
      field: cursor.currentFieldName ?? "",
      text: source.slice(cursor.startIndex, cursor.endIndex),
      broken: cursor.nodeType === "ERROR" || cursor.nodeIsMissing,
      children: [],
    });
    const above = [here()];
    for (;;) {
      const parent = above.at(-1);
      if (cursor.gotoFirstChild()) {
        if (above.length > mostDepth) return undefined;
      } else {
        while (!cursor.gotoNextSibling()) {
          const done = above.pop();
          if (above.length === 0 || !cursor.gotoParent()) return done ?? parent;
          const over = above.at(-1);
          if (over && done?.broken) over.broken = true;
        }
        const done = above.pop();
        const over = above.at(-1);
        if (over && done?.broken) over.broken = true;
      }
      const node = here();
      above.at(-1)?.children.push(node);
      above.push(node);
    }
  } finally {
    cursor.delete();
  }
}
