import { once } from "node:events";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import type { Writable } from "node:stream";
import { execa } from "execa";

/** A bare repository of code that nobody wrote, the same on every machine. */
export interface CodeRepository {
  readonly path: string;
  readonly commit: string;
  readonly commits: number;
  readonly files: number;
  /** Of the files of the last commit. */
  readonly megabytes: number;
}

/** How much is made: the first commits add a file each, the others write one anew. */
export interface RepositorySize {
  readonly commits: number;
  readonly files: number;
}

const functionsOfFile = 44;
const deadlineMs = 900_000;

const stems =
  "account adapter batch buffer cache channel client cluster codec column commit config context cursor decoder device digest driver encoder engine entry error event factory field filter frame graph group handle header index input item job key label layer ledger limit link list lock log map matrix merge message metric mode model module monitor node offset order output packet page parser patch path peer permit pipe plan policy pool port price probe process profile proxy query queue range record region registry render report request response result retry role route row rule runner schema scope score segment sensor server session shard signal slice socket source stage state status step stream table tag task token topic trace tree trigger unit update user value vector version view volume watch window worker writer zone".split(
    " ",
  );
const verbs =
  "apply attach build check clear close collect compute copy create decode delete detach encode ensure find flush format get hash join load lookup merge open parse prune push read refresh release render reset resolve run save scan send set sort split start stop sync take update validate verify wrap write".split(
    " ",
  );

/** Whole numbers below `most`, the same for the same seed (mulberry32). */
function numbersFrom(seed: number): (most: number) => number {
  let state = seed >>> 0;
  return (most) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % most;
  };
}

/** A Python module: functions whose names and bodies are drawn from words of programs. */
export function moduleText(file: number, revision: number): string {
  const next = numbersFrom(file * 7919 + revision * 104_729 + 1);
  const stem = () => stems[next(stems.length)] ?? "";
  const verb = () => verbs[next(verbs.length)] ?? "";
  const lines = [`"""The ${stem()} ${stem()} of module ${file}, revision ${revision}."""`, "", ""];
  for (let number = 0; number < functionsOfFile; number += 1) {
    const [one, two] = [stem(), stem()];
    lines.push(`def ${verb()}_${one}_${two}_${(file * functionsOfFile + number).toString(36)}(${one}, ${two}):`);
    lines.push(`    """${verb()} the ${stem()} of a ${stem()} before the ${stem()} is ${verb()}ed."""`);
    for (let line = 0; line < 4; line += 1)
      lines.push(`    ${one}_${stem()} = ${verb()}_${stem()}(${two}.${stem()}, ${next(10_000)})`);
    lines.push(`    return ${one}_${stem()}`, "", "");
  }
  return lines.join("\n");
}

const pathOf = (file: number): string =>
  `src/${stems[file % stems.length]}/${verbs[Math.floor(file / stems.length) % verbs.length]}/module_${file}.py`;

const git = async (cwd: string, ...args: string[]): Promise<string> =>
  (
    await execa("git", args, {
      cwd,
      timeout: deadlineMs,
      env: { GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null" },
      maxBuffer: 64 * 1024 * 1024,
    })
  ).stdout;

/** Makes it beneath `cacheDir`, unless it is there. */
export async function codeRepository(
  cacheDir: string,
  size: RepositorySize,
  say: (text: string) => void,
): Promise<CodeRepository> {
  const name = path.join(cacheDir, `code-repository-${size.commits}.git`);
  if (!(await stat(name).catch(() => undefined))) {
    say(`making a repository of ${size.commits} commits and ${size.files} files; this is done once`);
    const draft = `${name}.draft`;
    await rm(draft, { recursive: true, force: true });
    await mkdir(draft, { recursive: true });
    await git(draft, "init", "--quiet", "--bare", "--initial-branch=main");
    const importing = execa("git", ["fast-import", "--quiet", "--done"], { cwd: draft, timeout: deadlineMs });
    await writeHistory(importing.stdin, size);
    await importing;
    await rename(draft, name);
  }
  const listed = (await git(name, "ls-tree", "-r", "-l", "main")).split("\n");
  const bytes = listed.reduce((sum, line) => sum + Number(/^\S+ \S+ \S+ +(\d+)/.exec(line)?.[1] ?? 0), 0);
  return {
    path: name,
    commit: await git(name, "rev-parse", "main"),
    commits: Number(await git(name, "rev-list", "--count", "main")),
    files: listed.length,
    megabytes: Math.round(bytes / 1e6),
  };
}

async function writeHistory(input: Writable, { commits, files }: RepositorySize): Promise<void> {
  for (let commit = 0; commit < commits; commit += 1) {
    const file = commit % files;
    const text = Buffer.from(moduleText(file, Math.floor(commit / files)));
    const message = `Commit ${commit}`;
    const head = [
      "commit refs/heads/main",
      `committer Bench <bench@berth.invalid> ${1_600_000_000 + commit} +0000`,
      `data ${message.length}`,
      message,
      `M 100644 inline ${pathOf(file)}`,
      `data ${text.length}`,
      "",
    ].join("\n");
    if (!input.write(Buffer.concat([Buffer.from(head), text, Buffer.from("\n")]))) await once(input, "drain");
  }
  input.end("done\n");
}
