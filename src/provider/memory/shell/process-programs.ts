import { GuestFault } from "../tree/fault.ts";
import { shellPid } from "./expand.ts";
import { readAll } from "./io.ts";
import { runProgram, runScript } from "./run.ts";
import { say, ShellKilled, subshell, type Program, type Shell } from "./shell.ts";

/** Programs that are about programs. */
export const processPrograms: readonly (readonly [string, Program])[] = [
  [":", async () => 0],
  ["true", async () => 0],
  ["false", async () => 1],
  [
    "sleep",
    async ({ call }, [time = "0"]) => {
      const { 1: amount = "0", 2: unit = "s" } = /^([0-9.]+|infinity)([smhd]?)$/.exec(time) ?? [];
      const seconds = amount === "infinity" ? Number.POSITIVE_INFINITY : Number(amount);
      await call.sleep(seconds * 1_000 * ({ m: 60, h: 3_600, d: 86_400 }[unit] ?? 1));
      return 0;
    },
  ],
  [
    "pwd",
    async ({ stdout, cwd }) => {
      await say(stdout, `${cwd}\n`);
      return 0;
    },
  ],
  [
    "env",
    async (shell, args) => {
      const [name, ...rest] = args.filter((arg) => !/^(?:-i|[A-Za-z_]\w*=)/.test(arg));
      const env = args.includes("-i") ? new Map<string, string>() : new Map(shell.env);
      for (const arg of args)
        if (/^[A-Za-z_]\w*=/.test(arg)) env.set(arg.slice(0, arg.indexOf("=")), arg.slice(arg.indexOf("=") + 1));
      if (name !== undefined) return await runProgram({ ...shell, env }, name, rest);
      await say(shell.stdout, [...env].map(([variable, value]) => `${variable}=${value}\n`).join(""));
      return 0;
    },
  ],
  [
    "id",
    async (shell, [flag]) => {
      const id = shell.user === "root" ? 0 : 1000;
      await say(shell.stdout, flag === undefined ? `uid=${id} gid=${id}\n` : `${id}\n`);
      return 0;
    },
  ],
  [
    "command",
    async (shell, [flag, name = ""]) => {
      if (flag !== "-v" || !shell.programs.has(name)) return 127;
      await say(shell.stdout, `/usr/bin/${name}\n`);
      return 0;
    },
  ],
  ["sh", runShell],
  ["bash", runShell],
  ["[", async (shell, args) => runTest(shell, args.slice(0, -1))],
  ["test", runTest],
  ["setsid", async (shell, args) => await runProgram(shell, args[0] ?? "true", args.slice(1))],
  ["nohup", async (shell, args) => await runProgram(shell, args[0] ?? "true", args.slice(1))],
  [
    "kill",
    async (shell, args) => {
      const flag = args.find((arg) => /^-(?:[A-Z]+|\d+)$/.test(arg) && arg !== args.at(-1)) ?? "-TERM";
      const target = args.at(-1);
      if (target !== String(shellPid) && target !== "-1") {
        await say(shell.stderr, `kill: (${target}): No such process\n`);
        return 1;
      }
      const signal = signalNames[flag.slice(1)] ?? `SIG${flag.slice(1).replace(/^SIG/, "")}`;
      if (signal === "SIGSTOP") await shell.call.sleep(Number.POSITIVE_INFINITY);
      throw new ShellKilled(signal);
    },
  ],
];

async function runShell(shell: Shell, args: readonly string[]): Promise<number> {
  const [flag, script = "", name = "sh", ...rest] = args.filter(
    (arg, at) => arg !== "--norc" && (arg !== "--" || at > 2),
  );
  if (flag !== undefined && /^-[a-z]*c$/.test(flag))
    return await runScript(subshell(shell, { parameters: [name, ...rest] }), script);
  if (flag === undefined) return await runScript(subshell(shell), (await readAll(shell.stdin)).toString("utf8"));
  const { node } = shell.tree.find(flag, { from: shell.cwd });
  if (node.type !== "file") throw new GuestFault("not_regular_file", `${flag}: not a regular file`);
  return await runScript(subshell(shell, { parameters: args }), node.bytes.toString("utf8"));
}

async function runTest(shell: Shell, args: readonly string[]): Promise<number> {
  const [a = "", b = "", c = ""] = args;
  if (args.length === 3) {
    const holds = b === "=" ? a === c : b === "!=" ? a !== c : compare(Number(a), b, Number(c));
    return Number(!holds);
  }
  const node = shell.tree.lookup(b, { from: shell.cwd }).node;
  if (a === "-e") return Number(node === undefined);
  if (a === "-f") return Number(node?.type !== "file");
  if (a === "-d") return Number(node?.type !== "directory");
  if (a === "-n") return Number(b === "");
  if (a === "-z") return Number(b !== "");
  return Number(a === "");
}

const signalNames: Record<string, string> = {
  "1": "SIGHUP",
  "2": "SIGINT",
  "9": "SIGKILL",
  "15": "SIGTERM",
  "19": "SIGSTOP",
};

function compare(a: number, how: string, b: number): boolean {
  return how === "-eq"
    ? a === b
    : how === "-ne"
      ? a !== b
      : how === "-lt"
        ? a < b
        : how === "-gt"
          ? a > b
          : how === "-le"
            ? a <= b
            : a >= b;
}
