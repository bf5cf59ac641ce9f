import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { execa } from "execa";

/** Where infra/setup/agent-clients.sh puts them. */
const installed = resolve(import.meta.dirname, "../../build/agent-clients/node_modules");

export interface ProgramRun {
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** The name and version of a client, as evidence names it. */
export const versionOf = (name: string): string => {
  const { version } = JSON.parse(readFileSync(join(installed, name, "package.json"), "utf8")) as { version: string };
  return `${name} ${version}`;
};

/** Runs a program of one of the clients, ended after three minutes, with no other environment than what it is given. */
export async function runClient(
  program: "codex" | "mcp-inspector" | "conformance",
  args: readonly string[],
  { env = {}, cwd }: { env?: Readonly<Record<string, string>>; cwd?: string } = {},
): Promise<ProgramRun> {
  const { exitCode, stdout, stderr } = await execa(join(installed, ".bin", program), args, {
    env: { PATH: `${resolve(process.execPath, "..")}:${process.env["PATH"] ?? ""}`, ...env },
    extendEnv: false,
    stdin: "ignore",
    reject: false,
    timeout: 180_000,
    ...(cwd === undefined ? {} : { cwd }),
  });
  return { code: exitCode, stdout, stderr };
}
