import { constantOf, liveNodes, type Constants } from "./live-code.ts";
import type { SyntaxNode } from "./syntax-tree.ts";

/** A function that has a body here. */
export interface CFunction {
  readonly name: string;
  /** Whether it is a kernel of CUDA: `__global__`. */
  readonly global: boolean;
  /** Whether anything in it could not be parsed. */
  readonly broken: boolean;
  /** What can run of its body. */
  readonly live: readonly SyntaxNode[];
  /** The names that its live code uses: what it calls, launches, or passes on to be called. */
  readonly uses: ReadonlySet<string>;
}

const conditions = new Set(["preproc_if", "preproc_elif"]);

/** The functions that are compiled, those inside others among them. What could not be parsed has none. */
export function functionsOf(root: SyntaxNode, constants: Constants): CFunction[] {
  const functions: CFunction[] = [];
  const look = (node: SyntaxNode): void => {
    if (node.type === "ERROR") return;
    if (node.type === "function_definition") {
      const found = functionOf(node, constants);
      if (found) functions.push(found);
    }
    const condition = conditions.has(node.type)
      ? node.children.find((child) => child.field === "condition")
      : undefined;
    const compiled = condition && constantOf(condition, constants);
    for (const child of node.children) {
      const other = child.field === "alternative";
      if (compiled === undefined || compiled !== other) look(child);
    }
  };
  look(root);
  return functions;
}

function functionOf(node: SyntaxNode, constants: Constants): CFunction | undefined {
  const body = node.children.find((child) => child.field === "body");
  const declarator = node.children.find((child) => child.field === "declarator");
  const name = declarator && declaredName(declarator);
  if (body === undefined || name === undefined) return undefined;
  const live = [...liveNodes(body, constants)];
  return {
    name,
    global: node.children.slice(0, node.children.indexOf(body)).some(({ text }) => text === "__global__"),
    broken: node.broken,
    live,
    uses: new Set(live.filter(isUse).map(({ text }) => text)),
  };
}

const names = new Set(["identifier", "field_identifier"]);
const isUse = ({ type, field }: SyntaxNode) => names.has(type) && field !== "declarator";

/** The name that a declarator gives to a function; undefined for anything else, a pointer to one among them. */
function declaredName(node: SyntaxNode, function_ = false): string | undefined {
  if (names.has(node.type)) return function_ ? node.text : undefined;
  const inner = node.children.find(({ field }) => field === "declarator");
  return inner && declaredName(inner, node.type === "function_declarator");
}

/** The functions, and those of the file that they can come to. */
export function reachedFrom(entries: readonly CFunction[], functions: readonly CFunction[]): ReadonlySet<CFunction> {
  const named = Map.groupBy(functions, ({ name }) => name);
  const reached = new Set(entries);
  for (const { uses } of reached)
    for (const name of uses) for (const other of named.get(name) ?? []) reached.add(other);
  return reached;
}
