import { posix } from "node:path";

interface Stage {
  readonly name: string | undefined;
  /** Undefined where only the base image knows it. */
  workdir: string | undefined;
}

/** Where the commands of a Dockerfile's image start, as far as its own instructions say so. */
export function workdirOf(dockerfile: string): string | undefined {
  const stages: Stage[] = [];
  for (const [, instruction = "", rest = ""] of instructionsOf(dockerfile)) {
    if (instruction.toUpperCase() === "FROM") {
      const [, base, name] = /^(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?/i.exec(rest) ?? [];
      stages.push({ name, workdir: stages.findLast((stage) => stage.name === base)?.workdir });
    }
    const stage = stages.at(-1);
    if (stage && instruction.toUpperCase() === "WORKDIR") stage.workdir = moved(stage.workdir, unquoted(rest));
  }
  return stages.at(-1)?.workdir;
}

function instructionsOf(dockerfile: string): RegExpMatchArray[] {
  const lines = dockerfile.split("\n").filter((line) => !/^\s*#/.test(line));
  const joined = lines.join("\n").replaceAll(/\\[ \t\r]*\n/g, " ");
  return [...joined.matchAll(/^\s*([a-z]+)\s+(.*?)\s*$/gim)];
}

function moved(from: string | undefined, to: string): string | undefined {
  if (to.includes("$")) return undefined;
  if (to.startsWith("/")) return posix.resolve(to);
  return from === undefined ? undefined : posix.resolve(from, to);
}

const unquoted = (text: string): string => text.replace(/^(["'])(.*)\1$/, "$2");
