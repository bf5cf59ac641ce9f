import { createHash } from "node:crypto";
import { posix } from "node:path";
import picomatch from "picomatch";
import { BerthError } from "../../src/core/errors.ts";
import type {
  BackgroundRequest,
  BackgroundState,
  ExecRequest,
  ExecResult,
  FileLines,
  FileStat,
  GrepRequest,
  GrepResult,
  Guest,
} from "../../src/guest/guest.ts";
import { noSessions } from "./no-sessions.ts";

interface Node {
  type: "file" | "link";
  content: Buffer;
  mode: number;
}

const root = "/workspace";
const maxLineBytes = 8192;

export const captured = (text: string): ExecResult["stdout"] => ({
  head: text,
  tail: "",
  total_bytes: Buffer.byteLength(text),
  truncated: false,
});

export const execResult = (request: ExecRequest, change: Partial<ExecResult> = {}): ExecResult => ({
  callId: request.callId,
  bootId: "boot",
  outcome: { type: "exited", code: 0 },
  stdout: captured(""),
  stderr: captured(""),
  durationMs: 1,
  survivorsKilled: 0,
  ...change,
});

/** A guest over a tree in memory, for tests of tools alone: it enforces just what tools rely on. */
export class TreeGuest implements Guest {
  readonly handshake = { protocol: 1, version: "test", bootId: "boot", root, toolUid: 1000, toolGid: 1000 };
  readonly nodes = new Map<string, Node>();
  /** Every change that was asked for, in order: `write a.txt`. */
  readonly changes: string[] = [];
  /** Runs before each change; may throw, or change the tree as another process would. */
  beforeChange: (change: string) => void = () => {};
  onExec: (request: ExecRequest) => ExecResult | Promise<ExecResult> = (request) => execResult(request);
  /** What runs or ran in the background, for tests to set. */
  commands: BackgroundState[] = [];
  /** Paths of files that changed since the sandbox began. */
  changedPaths: string[] = [];
  onOutput: Guest["output"] = () => Promise.reject(new Error("no output was set"));
  lastGrep: GrepRequest | undefined;
  grepTimesOut = false;

  constructor(files: Record<string, string | Buffer> = {}) {
    for (const [path, content] of Object.entries(files)) this.put(path, content);
  }

  put(path: string, content: string | Buffer, mode = 0o644): void {
    this.nodes.set(path, { type: "file", content: Buffer.from(content), mode });
  }

  link(path: string): void {
    this.nodes.set(path, { type: "link", content: Buffer.alloc(0), mode: 0o777 });
  }

  text(path: string): string | undefined {
    return this.nodes.get(path)?.content.toString("utf8");
  }

  /** All files as text. */
  files(): Record<string, string> {
    const texts: Record<string, string> = {};
    for (const [path, { content }] of this.nodes) texts[path] = content.toString("utf8");
    return texts;
  }

  async health() {
    return { bootId: "boot", uptimeMs: 1, processes: 0, oomKills: 0 };
  }

  async exec(request: ExecRequest): Promise<ExecResult> {
    return await this.onExec(request);
  }

  async cancel(): Promise<void> {}

  async startBackground({ name, callId }: BackgroundRequest): Promise<void> {
    if (this.commands.some((command) => command.name === name && command.state === "running"))
      throw new BerthError("file_exists", `${name} is running`);
    const begun = { name, callId, runningMs: 0, stdoutBytes: 0, stderrBytes: 0, outcome: undefined };
    this.commands = [...this.commands.filter((command) => command.name !== name), { ...begun, state: "running" }];
  }

  async backgrounds(): Promise<readonly BackgroundState[]> {
    return this.commands;
  }

  async stopBackground(name: string): Promise<BackgroundState> {
    const command = this.commands.find((candidate) => candidate.name === name);
    if (!command) throw new BerthError("invalid_arguments", `nothing was started in the background as "${name}"`);
    const stopped = { ...command, state: "done" as const, outcome: command.outcome ?? { type: "cancelled" as const } };
    this.commands = this.commands.map((candidate) => (candidate === command ? stopped : candidate));
    return stopped;
  }

  async changed() {
    const files = this.changedPaths.map((path) => ({ path, size: this.nodes.get(path)?.content.length ?? 0 }));
    return { files, truncated: false };
  }

  output: Guest["output"] = (callId, stream, range, options) => this.onOutput(callId, stream, range, options);

  async read(path: string, { offset = 0, limit = 8 * 1024 * 1024 } = {}) {
    const { content, mode } = this.#file(path);
    return { bytes: content.subarray(offset, offset + limit), size: content.length, mode };
  }

  async lines(
    path: string,
    { start, count, maxBytes }: { start: number; count: number; maxBytes: number },
  ): Promise<FileLines> {
    const { content } = this.#file(path);
    if (content.subarray(0, 8192).includes(0)) throw new BerthError("not_text", `${path} is binary.`);
    const all = content.toString("utf8").split(/(?<=\n)/);
    const taken: string[] = [];
    let [bytes, longLines] = [0, 0];
    for (const line of all.slice(start - 1, start - 1 + count)) {
      const isLong = Buffer.byteLength(line) > maxLineBytes;
      const shown = isLong ? `${line.slice(0, maxLineBytes)}${line.endsWith("\n") ? "\n" : ""}` : line;
      if (bytes + Buffer.byteLength(shown) > maxBytes) break;
      bytes += Buffer.byteLength(shown);
      if (isLong) longLines += 1;
      taken.push(shown);
    }
    const totalLines = content.length === 0 ? 0 : all.length;
    const endLine = start - 1 + (totalLines === 0 ? 0 : taken.length);
    return {
      text: taken.join(""),
      startLine: start,
      endLine,
      totalLines,
      totalBytes: content.length,
      truncated: endLine < Math.min(totalLines, start - 1 + count),
      longLines,
    };
  }

  async write(
    path: string,
    content: Uint8Array,
    how: { createParents?: boolean; executable?: boolean; ifSha256?: string } = {},
  ) {
    const key = this.#key(path);
    this.#change(`write ${key}`);
    const present = this.nodes.get(key);
    if (!present && this.#isDirectory(key)) throw new BerthError("not_a_file", `${path} is a directory.`);
    if (how.ifSha256 !== undefined && (!present || sha256(present.content) !== how.ifSha256)) {
      throw new BerthError("edit_not_found", `${path} is not as it was read.`);
    }
    const parent = posix.dirname(key);
    if (!how.createParents && !this.#isDirectory(parent))
      throw new BerthError("file_not_found", `${parent} does not exist.`);
    const mode = how.executable === undefined ? (present?.mode ?? 0o644) : how.executable ? 0o755 : 0o644;
    this.nodes.set(key, { type: "file", content: Buffer.from(content), mode });
    return { bytes: content.length, sha256: sha256(content), created: !present };
  }

  async remove(path: string, how: { recursive?: boolean } = {}): Promise<void> {
    const key = this.#key(path);
    this.#change(`remove ${key}`);
    const within = [...this.nodes.keys()].filter((name) => name.startsWith(`${key}/`));
    if (within.length > 0 && how.recursive !== true)
      throw new BerthError("edit_not_found", `${path}: directory not empty`);
    for (const name of within) this.nodes.delete(name);
    if (!this.nodes.delete(key) && within.length === 0)
      throw new BerthError("file_not_found", `${path} does not exist.`);
  }

  async move(from: string, to: string): Promise<void> {
    const [source, target] = [this.#key(from), this.#key(to)];
    this.#change(`move ${source} ${target}`);
    if (this.nodes.has(target) || this.#isDirectory(target))
      throw new BerthError("file_exists", `${to} is there already`);
    const moved = [...this.nodes].filter(([path]) => path === source || path.startsWith(`${source}/`));
    if (moved.length === 0) throw new BerthError("file_not_found", `${from} does not exist.`);
    for (const [path, node] of moved) {
      this.nodes.delete(path);
      this.nodes.set(target + path.slice(source.length), node);
    }
  }

  async stat(path: string): Promise<FileStat> {
    const key = this.#key(path);
    const node = this.nodes.get(key);
    if (node) return { path: key, type: node.type, size: node.content.length, mode: node.mode };
    if (this.#isDirectory(key)) return { path: key, type: "directory", size: 0, mode: 0o755 };
    throw new BerthError("file_not_found", `${path} does not exist.`);
  }

  async list(path: string, { depth, limit }: { depth: number; limit: number }) {
    const key = this.#key(path);
    if (this.nodes.has(key)) throw new BerthError("not_a_directory", `${path} is not a directory.`);
    if (!this.#isDirectory(key)) throw new BerthError("file_not_found", `${path} does not exist.`);
    const below = key === "" ? "" : `${key}/`;
    const entries = new Map<string, { path: string; type: FileStat["type"]; size: number }>();
    for (const [name, node] of this.nodes) {
      if (!name.startsWith(below)) continue;
      const parts = name.slice(below.length).split("/");
      for (let level = 1; level <= Math.min(depth, parts.length); level += 1) {
        const at = below + parts.slice(0, level).join("/");
        const isLeaf = level === parts.length;
        entries.set(at, { path: at, type: isLeaf ? node.type : "directory", size: isLeaf ? node.content.length : 0 });
      }
    }
    const sorted = [...entries.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1));
    return { entries: sorted.slice(0, limit), truncated: sorted.length > limit };
  }

  async grep(request: GrepRequest): Promise<GrepResult> {
    this.lastGrep = request;
    let expression: RegExp;
    try {
      const source = request.fixed ? request.pattern.replaceAll(/[$()*+.?[\\\]^{|}]/g, "\\$&") : request.pattern;
      expression = new RegExp(source, request.ignoreCase ? "iu" : "u");
    } catch {
      throw new BerthError("invalid_pattern", `The pattern is not RE2: ${request.pattern}.`);
    }
    const { before = 0, after = 0 } = request;
    const fits = (path: string): boolean =>
      (request.include ?? ["**"]).some((glob) => picomatch.isMatch(path, glob, { matchBase: true })) &&
      !(request.exclude ?? []).some((glob) => picomatch.isMatch(path, glob, { matchBase: true }));
    const files = [...this.nodes].filter(([path]) => fits(path)).toSorted(([a], [b]) => (a < b ? -1 : 1));
    const matches = files.flatMap(([path, node]) => {
      const lines = node.content.toString("utf8").split("\n");
      if (lines.at(-1) === "") lines.pop();
      return lines.flatMap((text, index) =>
        expression.test(text)
          ? [
              {
                path,
                line: index + 1,
                text,
                before: lines.slice(Math.max(0, index - before), index),
                after: lines.slice(index + 1, index + 1 + after),
              },
            ]
          : [],
      );
    });
    return {
      matches: matches.slice(0, request.maxMatches),
      matchedFiles: new Set(matches.map((match) => match.path)).size,
      searchedFiles: files.length,
      truncated: matches.length > request.maxMatches,
      timedOut: this.grepTimesOut,
    };
  }

  async glob({ pattern, limit }: { pattern: string; path?: string; limit: number }) {
    const paths = [...this.nodes.keys()].filter((path) => picomatch.isMatch(path, pattern)).toSorted();
    return { paths: paths.slice(0, limit), truncated: paths.length > limit };
  }

  async tree(): Promise<never> {
    throw new Error("not used by tools");
  }

  async unpack(): Promise<never> {
    throw new Error("not used by tools");
  }

  async own(): Promise<never> {
    throw new Error("not used by tools");
  }

  async probe(): Promise<never> {
    throw new Error("not used by tools");
  }

  async listenEgress(): Promise<never> {
    throw new Error("not used by tools");
  }

  async acceptEgress(): Promise<never> {
    throw new Error("not used by tools");
  }

  readonly sessions = noSessions;

  async prolong(): Promise<never> {
    throw new Error("not used by tools");
  }

  async quiesce(): Promise<never> {
    throw new Error("not used by tools");
  }

  async close(): Promise<void> {}

  #change(change: string): void {
    this.beforeChange(change);
    this.changes.push(change);
  }

  #key(path: string): string {
    const key = posix.relative(root, posix.resolve(root, path));
    if (key === ".." || key.startsWith("../"))
      throw new BerthError("outside_workspace", `${path} is outside the workspace.`);
    return key;
  }

  #isDirectory(key: string): boolean {
    return key === "" || key === "." || [...this.nodes.keys()].some((path) => path.startsWith(`${key}/`));
  }

  #file(path: string): Node {
    const key = this.#key(path);
    const node = this.nodes.get(key);
    if (node?.type === "file") return node;
    if (this.#isDirectory(key)) throw new BerthError("not_a_file", `${path} is a directory.`);
    throw new BerthError("file_not_found", `${path} does not exist.`);
  }
}

const sha256 = (content: Uint8Array): string => createHash("sha256").update(content).digest("hex");
