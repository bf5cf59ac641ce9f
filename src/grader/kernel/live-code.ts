import type { SyntaxNode } from "./syntax-tree.ts";

/** Names that the source makes constants, and whether they are true. */
export type Constants = ReadonlyMap<string, boolean>;

const field = ({ children }: SyntaxNode, name: string) => children.find((child) => child.field === name);
const without = ({ children }: SyntaxNode, ...names: string[]) =>
  children.filter((child) => !names.includes(child.field));

const never = new Set([
  "comment",
  "ERROR",
  "function_definition",
  "sizeof_expression",
  "alignof_expression",
  "decltype",
]);
const jumps = new Set(["return_statement", "goto_statement", "break_statement", "continue_statement"]);
const places = new Set(["labeled_statement", "case_statement"]);
const sequences = new Set(["compound_statement", "case_statement"]);

/**
 * The nodes of a part of a function that can run, this one first: nothing that a constant, a jump or `#if 0` keeps from
 * running, nothing that is only measured, no function inside it, and nothing of or after what could not be parsed.
 */
export function* liveNodes(node: SyntaxNode, constants: Constants): Generator<SyntaxNode> {
  if (never.has(node.type)) return;
  if (!isIdle(node, constants)) yield node;
  for (const child of sequences.has(node.type) ? reached(node.children) : running(node, constants))
    yield* liveNodes(child, constants);
}

/** A loop that never runs. */
function isIdle(node: SyntaxNode, constants: Constants): boolean {
  const condition = field(node, "condition");
  const loop = node.type === "while_statement" || node.type === "for_statement";
  return loop && condition !== undefined && constantOf(condition, constants) === false;
}

/** The statements that the ones before them let run. */
function reached(statements: readonly SyntaxNode[]): SyntaxNode[] {
  const live: SyntaxNode[] = [];
  let left = false;
  let before: SyntaxNode | undefined;
  for (const statement of statements) {
    if (statement.type === "comment") continue;
    if (left && holdsPlace(statement)) left = false;
    const hidden = before !== undefined && endsBroken(before);
    if (!left && !hidden) live.push(statement);
    if (jumps.has(statement.type)) left = true;
    before = statement;
  }
  return live;
}

const holdsPlace = (node: SyntaxNode): boolean => places.has(node.type) || node.children.some(holdsPlace);

/** Whether what follows may belong to something that the parser did not see. */
function endsBroken(node: SyntaxNode): boolean {
  if (!node.broken) return false;
  const last = node.children.at(-1);
  return node.type === "ERROR" || last === undefined || endsBroken(last);
}

function running(node: SyntaxNode, constants: Constants): readonly SyntaxNode[] {
  const condition = field(node, "condition");
  const known = condition && constantOf(condition, constants);
  switch (node.type) {
    case "if_statement":
    case "conditional_expression":
    case "preproc_if":
    case "preproc_elif":
      if (known === undefined) return node.children;
      if (known) return without(node, "alternative");
      return node.children.filter((child) => child.field === "alternative");
    case "while_statement":
    case "for_statement":
      return known === false ? node.children.filter((child) => child.field === "initializer") : node.children;
    case "binary_expression": {
      const [left, operator] = [field(node, "left"), field(node, "operator")?.text];
      const value = left && constantOf(left, constants);
      const ends = (operator === "&&" && value === false) || (operator === "||" && value === true);
      return ends ? without(node, "right") : node.children;
    }
    case "expression_statement":
      return node.children[0] && discards(node.children[0]) ? [] : node.children;
    default:
      return node.children;
  }
}

/** A name that is only named: `(void)name;`. */
function discards(node: SyntaxNode): boolean {
  if (node.type === "identifier") return true;
  if (node.type === "cast_expression") return discards(field(node, "value") ?? node.children[0] ?? node);
  if (node.type !== "parenthesized_expression" && node.type !== "pointer_expression") return false;
  return node.children[1] !== undefined && discards(node.children[1]);
}

/** Whether an expression is always true or always false. Undefined where that is not plain. */
export function constantOf(node: SyntaxNode, constants: Constants): boolean | undefined {
  const inner = (child: SyntaxNode | undefined) => (child === undefined ? undefined : constantOf(child, constants));
  switch (node.type) {
    case "number_literal":
      return truthOf(node.text);
    case "true":
      return true;
    case "false":
    case "null":
      return false;
    case "identifier":
      return constants.get(node.text);
    case "parenthesized_expression":
    case "condition_clause":
      return node.children.length === 3 ? inner(node.children[1]) : undefined;
    case "cast_expression":
      return inner(field(node, "value"));
    case "unary_expression": {
      const value = inner(field(node, "argument"));
      const operator = field(node, "operator")?.text;
      if (value === undefined || operator === "~") return undefined;
      return operator === "!" ? !value : value;
    }
    case "binary_expression": {
      const [left, right] = [inner(field(node, "left")), inner(field(node, "right"))];
      const operator = field(node, "operator")?.text;
      if (operator === "&&") return left === false || right === false ? false : left && right;
      if (operator === "||") return left === true || right === true ? true : left === false ? right : undefined;
      return operator === "*" && (left === false || right === false) ? false : undefined;
    }
    default:
      return undefined;
  }
}

/** Whether a number of C is not 0. Undefined for what is no number. */
export function truthOf(text: string): boolean | undefined {
  if (text.length > 64) return undefined;
  const value = Number(text.replaceAll("'", "").replace(/(?<=^0x[\da-f]+|^[\d.]+)[ulf]+$/i, ""));
  return Number.isNaN(value) ? undefined : value !== 0;
}
