import { adapters, layers, sharedByAdapters, tops } from "./layers.ts";
import { resolveRelative, type Import, type Module } from "./module-graph.ts";

const layerNames: readonly string[] = layers;
const topNames: readonly string[] = tops;

/** Places of the order: the layers, then the top files. -1 when the file stands nowhere in it. */
function rank(file: string): number {
  const top = topNames.indexOf(file);
  if (top >= 0) return layerNames.length + top;
  return file.includes("/") ? layerNames.indexOf(file.slice(0, file.indexOf("/"))) : -1;
}

const adapterOf = (file: string): string | undefined => adapters.find((adapter) => file.startsWith(`${adapter}/`));

function importViolation(module: Module, { specifier, line }: Import, known: ReadonlySet<string>): string | undefined {
  const at = `${module.path}:${line}`;
  if (specifier === undefined) return `${at} computes what it imports, so that nothing can be proven about it`;
  const target = resolveRelative(module.path, specifier);
  if (target === undefined) {
    return specifier.startsWith("/") || specifier.startsWith("file:") ? `${at} imports by an absolute path` : undefined;
  }
  if (target.startsWith("..")) return `${at} imports ${specifier}, which is outside src`;
  if (!known.has(target)) return `${at} imports ${specifier}, and there is no such file`;
  const isTop = topNames.includes(module.path);
  const adapter = adapterOf(target);
  if (adapter !== undefined && adapter !== adapterOf(module.path) && !isTop) {
    return `${at} names the adapter ${adapter}; only ${tops.join(", ")} may`;
  }
  return rank(target) > rank(module.path) ? `${at} imports ${target}, which comes later in the order` : undefined;
}

/** Each import that goes against the order of `layers.ts`, in a sentence. */
export function orderViolations(modules: readonly Module[]): string[] {
  const known = new Set(modules.map((module) => module.path));
  return modules.flatMap((module) => {
    if (rank(module.path) < 0) return [`${module.path} stands in no folder of the layout`];
    return module.imports.flatMap((entry) => importViolation(module, entry, known) ?? []);
  });
}

/** Folders of a port that are neither named as adapters nor as shared by them. */
export function unnamedAdapters(modules: readonly Module[]): string[] {
  const ports = new Set(adapters.map((adapter) => adapter.slice(0, adapter.indexOf("/"))));
  const named = new Set<string>([...adapters, ...sharedByAdapters]);
  const folders = modules
    .map((module) => module.path.split("/"))
    .filter((parts) => parts.length > 2 && ports.has(parts[0] ?? ""))
    .map((parts) => `${parts[0]}/${parts[1]}`);
  return [...new Set(folders)].filter((folder) => !named.has(folder));
}

/** Each cycle among files once, type-only imports counted, as `a → b → a`. */
export function cycles(modules: readonly Module[]): string[] {
  const targets = new Map(
    modules.map((module) => [
      module.path,
      module.imports.flatMap(({ specifier }) => (specifier && resolveRelative(module.path, specifier)) || []),
    ]),
  );
  const found: string[] = [];
  const finished = new Set<string>();
  const visit = (file: string, trail: readonly string[]): void => {
    const start = trail.indexOf(file);
    if (start >= 0) found.push([...trail.slice(start), file].join(" → "));
    if (start >= 0 || finished.has(file)) return;
    for (const target of targets.get(file) ?? []) visit(target, [...trail, file]);
    finished.add(file);
  };
  for (const file of targets.keys()) visit(file, []);
  return found;
}

/** Reads of `process.env` outside src/config. */
export const environmentViolations = (modules: readonly Module[]): string[] =>
  modules
    .filter((module) => !module.path.startsWith("config/"))
    .flatMap((module) => module.environmentReads.map((line) => `${module.path}:${line} reads process.env`));

const vague = /^(?:utils?|helpers?|managers?|misc)$/i;

/** Paths of which a part is a name that says nothing. */
export const vagueNames = (paths: readonly string[]): string[] =>
  paths.filter((file) => file.split(/[/._-]|(?<=[a-z])(?=[A-Z])/).some((part) => vague.test(part)));

const mark = /(?:\/\/|\/\*|#|--)\s*(?:TODO|FIXME)\b/;

/** Comments that begin with a mark of unfinished work, as `path:line`. */
export function unfinishedMarks(file: string, text: string): string[] {
  return text.split("\n").flatMap((line, at) => (mark.test(line) ? [`${file}:${at + 1}`] : []));
}
