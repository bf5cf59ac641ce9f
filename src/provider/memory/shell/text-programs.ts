import { readAll } from "./io.ts";
import { openToRead } from "./redirect.ts";
import { say, type Program, type Shell } from "./shell.ts";

const chunkBytes = 65_536;

/** Programs that only read and write text. */
export const textPrograms: readonly (readonly [string, Program])[] = [
  [
    "echo",
    async ({ stdout }, args) => {
      const bare = args[0] === "-n";
      await say(stdout, bare ? args.slice(1).join(" ") : `${args.join(" ")}\n`);
      return 0;
    },
  ],
  [
    "printf",
    async ({ stdout }, [format = "", ...args]) => {
      await stdout.write(formatted(format, args));
      return 0;
    },
  ],
  [
    "cat",
    async (shell, args) => {
      for (const path of args.length === 0 ? ["-"] : args) {
        const source = path === "-" ? shell.stdin : openToRead(shell, path);
        for (let chunk = await source.read(); chunk !== undefined; chunk = await source.read()) {
          await shell.call.pause();
          await shell.stdout.write(chunk);
        }
      }
      return 0;
    },
  ],
  [
    "seq",
    async ({ stdout, call }, args) => {
      const [first, last] = args.length === 1 ? [1, Number(args[0])] : [Number(args[0]), Number(args[1])];
      for (let at = first; at <= last;) {
        let text = "";
        for (; at <= last && text.length < chunkBytes; at++) text += `${at}\n`;
        await call.pause();
        await say(stdout, text);
      }
      return 0;
    },
  ],
  [
    "yes",
    async ({ stdout, call }, args) => {
      const line = `${args.join(" ") || "y"}\n`;
      const chunk = Buffer.from(line.repeat(Math.ceil(chunkBytes / line.length)));
      for (;;) {
        await call.pause();
        await stdout.write(chunk);
      }
    },
  ],
  ["head", (shell, args) => part(shell, args, "first")],
  ["tail", (shell, args) => part(shell, args, "last")],
  [
    "wc",
    async (shell, [flag = "-l", path]) => {
      const all = await readAll(path === undefined ? shell.stdin : openToRead(shell, path));
      const text = all.toString("utf8");
      const counts = {
        "-c": all.length,
        "-l": text.split("\n").length - 1,
        "-w": text.split(/\s+/).filter(Boolean).length,
      };
      await say(shell.stdout, `${counts[flag as keyof typeof counts] ?? 0}\n`);
      return 0;
    },
  ],
  [
    "grep",
    async (shell, args) => {
      const flags = args.filter((arg) => /^-[qiv]+$/.test(arg)).join("");
      const [pattern = "", path] = args.filter((arg) => !/^-[qiv]+$/.test(arg));
      const text = (await readAll(path === undefined ? shell.stdin : openToRead(shell, path))).toString("utf8");
      const seen = (line: string) => (flags.includes("i") ? line.toLowerCase() : line);
      const found = text
        .split("\n")
        .filter((line, index, all) => index < all.length - 1 || line !== "")
        .filter((line) => seen(line).includes(seen(pattern)) !== flags.includes("v"));
      if (!flags.includes("q")) await say(shell.stdout, found.map((line) => `${line}\n`).join(""));
      return found.length === 0 ? 1 : 0;
    },
  ],
];

/** `-n LINES` or `-c BYTES` of a file or of stdin. The first part is taken without reading on. */
async function part(shell: Shell, args: readonly string[], which: "first" | "last"): Promise<number> {
  const [, kind = "n", count = "10"] = /^-([nc]?) ?(\d+)/.exec(args.join(" ")) ?? [];
  const path = args.find((arg, index) => !arg.startsWith("-") && !/^-[nc]$/.test(args[index - 1] ?? ""));
  const source = path === undefined ? shell.stdin : openToRead(shell, path);
  const wanted = Number(count);
  const chunks: Buffer[] = [];
  const units = (chunk: Buffer) => (kind === "c" ? chunk.length : chunk.toString("latin1").split("\n").length - 1);
  let seen = 0;
  for (let chunk = await source.read(); chunk !== undefined; chunk = await source.read()) {
    await shell.call.pause();
    chunks.push(chunk);
    seen += units(chunk);
    if (which === "first" && seen >= wanted) break;
  }
  const all = Buffer.concat(chunks).toString("latin1");
  const parts = kind === "c" ? all.split("") : all.split(/(?<=\n)/);
  const taken = which === "first" ? parts.slice(0, wanted) : wanted === 0 ? [] : parts.slice(-wanted);
  await shell.stdout.write(Buffer.from(taken.join(""), "latin1"));
  return 0;
}

/** `%s`, `%d`, `%%`, `%b` and backslash escapes; the format is used again while arguments are left. */
function formatted(format: string, args: readonly string[]): Buffer {
  const out: Buffer[] = [];
  const left = [...args];
  do {
    const before = left.length;
    for (const [piece] of format.matchAll(/%[sdb%]|\\[0-7]{1,3}|\\x[0-9a-fA-F]{1,2}|\\.|[^%\\]+|[^]/g)) {
      if (piece === "%%") out.push(Buffer.from("%"));
      else if (piece.startsWith("%")) out.push(Buffer.from(left.shift() ?? (piece === "%d" ? "0" : "")));
      else out.push(escaped(piece));
    }
    if (left.length === before) break;
  } while (left.length > 0);
  return Buffer.concat(out);
}

function escaped(piece: string): Buffer {
  if (!piece.startsWith("\\")) return Buffer.from(piece);
  if (/^\\[0-7]/.test(piece)) return Buffer.from([Number.parseInt(piece.slice(1), 8) & 255]);
  if (/^\\x./.test(piece)) return Buffer.from([Number.parseInt(piece.slice(2), 16)]);
  const known: Record<string, string> = { n: "\n", t: "\t", r: "\r", "\\": "\\", a: "\x07" };
  return Buffer.from(known[piece.slice(1)] ?? piece);
}
