import { BerthError } from "../../core/errors.ts";
import type { FileF1GraderSpec } from "../../model/graders/file-f1.ts";
import type { Grader, PartResult } from "../grader.ts";
import { part } from "../part.ts";
import { canonicalPath, rootFoldersOf, type PathFrame } from "./canonical-path.ts";
import { jsonList } from "./json-list.ts";
import { prosePaths } from "./prose-paths.ts";

/** Paths of each kind in the evidence, and characters of one. */
const shown = { paths: 50, characters: 300 };

/** Files that an answer may name beyond as many as are looked for: whoever names more has no answer. */
const mostBeyond = 1000;
/** The least share of right ones among the files that an answer names: below it, it is a list and no answer. */
const leastPrecision = 1 / 20;

/** Compares the files that an answer names with those that the real change touches. Runs nothing. */
export const fileF1Grader: Grader<FileF1GraderSpec> = {
  type: "file_f1",

  async check(spec) {
    const wanted = wantedFiles(spec);
    const odd = spec.files.find((file) => file.startsWith("/") || file.split("/").includes(".."));
    if (odd !== undefined) throw refused(spec, `${odd} is not relative to the workspace`);
    if (wanted.size < spec.files.length) throw refused(spec, "it names a file twice, or the workspace itself");
  },

  async grade(spec, { answer, environment: { workdir } }) {
    const wanted = wantedFiles(spec);
    const frame = { workdir, rootFolders: rootFoldersOf([...wanted]) };
    const named = namedFiles(answer ?? "", frame);
    if (named.size === 0)
      return part(spec, 0, answer?.trim() ? "The answer names no file." : "There is no answer.", {
        wanted: wanted.size,
      });
    if (named.size > wanted.size + mostBeyond)
      return part(spec, 0, `The answer names ${named.size} files: it is no answer.`, { named: named.size }, [
        "over_answered",
      ]);
    return compare(spec, wanted, named);
  },
};

function compare(spec: FileF1GraderSpec, wanted: ReadonlySet<string>, named: ReadonlySet<string>): PartResult {
  const matched = [...named].filter((file) => wanted.has(file));
  const precision = matched.length / named.size;
  const recall = matched.length / wanted.size;
  const f1 = matched.length === 0 ? 0 : (2 * precision * recall) / (precision + recall);
  const isList = matched.length > 0 && precision < leastPrecision;
  const summary = `${matched.length} of the ${named.size} files that the answer names are among the ${wanted.size} of the change.`;
  const evidence = {
    precision,
    recall,
    f1,
    named: named.size,
    matched: excerpt(matched),
    missed: excerpt([...wanted].filter((file) => !named.has(file))),
    extra: excerpt([...named].filter((file) => !wanted.has(file))),
  };
  if (isList) return part(spec, 0, `${summary} That is a list, and no answer.`, evidence, ["over_answered"]);
  return part(spec, { f1, precision, recall }[spec.measure], summary, evidence);
}

/** Each file once, however often and in whichever spelling an answer names it. */
function namedFiles(answer: string, frame: PathFrame): ReadonlySet<string> {
  const names = jsonList(answer) ?? prosePaths(answer);
  return new Set(names.flatMap((name) => canonicalPath(name, frame) ?? []));
}

/** As they are written, but for `./` and the like. */
function wantedFiles({ files }: FileF1GraderSpec): ReadonlySet<string> {
  const frame = {
    workdir: "/workspace",
    rootFolders: rootFoldersOf(files.map((file) => file.replace(/^(?:\.\/)+/, ""))),
  };
  return new Set(files.flatMap((file) => canonicalPath(file, frame) ?? []));
}

const excerpt = (paths: readonly string[]): string[] =>
  paths.slice(0, shown.paths).map((path) => path.slice(0, shown.characters));

const refused = ({ name }: FileF1GraderSpec, message: string): BerthError =>
  new BerthError("invalid_environment", `graders: ${name}: files: ${message}.`);
