import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { parseSync, Visitor, type Expression, type ImportDeclaration, type MemberExpression } from "oxc-parser";

/** Path beneath the root, with slashes → source text. */
export type Sources = ReadonlyMap<string, string>;

export interface Import {
  /** As written; undefined when it is computed and so cannot be proven. */
  readonly specifier: string | undefined;
  readonly line: number;
}

export interface Module {
  readonly path: string;
  readonly imports: readonly Import[];
  /** Lines on which `process.env` is reached, by whatever syntax. */
  readonly environmentReads: readonly number[];
}

/** Every `.ts` file beneath `root`. */
export function readSources(root: string): Sources {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith(".ts"));
  return new Map(
    files
      .map((entry) => path.join(entry.parentPath, entry.name))
      .map((file) => [path.relative(root, file).split(path.sep).join("/"), readFileSync(file, "utf8")]),
  );
}

const textOf = (node: Expression): string | undefined =>
  node.type === "Literal" && typeof node.value === "string" ? node.value : undefined;

/** The name of the property that `node.name` or `node["name"]` reaches. */
function propertyOf(node: MemberExpression): string | undefined {
  if (node.property.type === "PrivateIdentifier") return undefined;
  return node.computed ? textOf(node.property) : node.property.type === "Identifier" ? node.property.name : undefined;
}

const isProcess = (node: Expression): boolean =>
  (node.type === "Identifier" && node.name === "process") ||
  (node.type === "MemberExpression" && propertyOf(node) === "process");

/** Whether an import of the process module gives its `env`, or the module under a name that `isProcess` would not know. */
const reachesEnv = (specifier: ImportDeclaration["specifiers"][number]): boolean =>
  specifier.type === "ImportSpecifier"
    ? specifier.imported.type === "Identifier" && specifier.imported.name === "env"
    : specifier.local.name !== "process";

const processModules = new Set(["process", "node:process"]);

/** Reads one module: imports for values and for types, re-exports, `import()`, `import("…")` types, `import x = require()`. */
export function parseModule(file: string, source: string): Module {
  const { program, errors } = parseSync(file, source);
  if (errors.length > 0) throw new Error(`${file} does not parse: ${errors[0]?.message ?? "no message"}`);
  const imports: Import[] = [];
  const environmentReads: number[] = [];
  const lineAt = (offset: number) => source.slice(0, offset).split("\n").length;
  const add = (node: { start: number }, specifier: string | undefined) =>
    imports.push({ specifier, line: lineAt(node.start) });

  new Visitor({
    ImportDeclaration(node) {
      add(node, node.source.value);
      if (!processModules.has(node.source.value)) return;
      if (node.specifiers.some(reachesEnv)) environmentReads.push(lineAt(node.start));
    },
    ExportNamedDeclaration(node) {
      if (node.source) add(node, node.source.value);
    },
    ExportAllDeclaration(node) {
      add(node, node.source.value);
    },
    ImportExpression(node) {
      add(node, textOf(node.source));
    },
    TSImportType(node) {
      add(node, node.source.value);
    },
    TSExternalModuleReference(node) {
      add(node, node.expression.value);
    },
    CallExpression(node) {
      if (node.callee.type !== "Identifier" || node.callee.name !== "require") return;
      const [first] = node.arguments;
      add(node, first && first.type !== "SpreadElement" ? textOf(first) : undefined);
    },
    MemberExpression(node) {
      if (propertyOf(node) === "env" && isProcess(node.object)) environmentReads.push(lineAt(node.start));
    },
    VariableDeclarator(node) {
      if (!node.init || !isProcess(node.init) || node.id.type !== "ObjectPattern") return;
      environmentReads.push(lineAt(node.start));
    },
  }).visit(program);
  return { path: file, imports, environmentReads };
}

export const parseModules = (sources: Sources): Module[] =>
  [...sources].map(([file, source]) => parseModule(file, source));

/** The file that a relative specifier names, as a path beneath the root; undefined for a package or a built-in. */
export function resolveRelative(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith(".")) return undefined;
  return path.posix.normalize(path.posix.join(path.posix.dirname(from), specifier));
}
