import { createHash } from "node:crypto";
import { BerthError } from "../../src/core/errors.ts";
import type { ExecRequest, ExecResult, FileStat, Guest } from "../../src/guest/guest.ts";
import { noSessions } from "./no-sessions.ts";
import type { TreeEntry } from "../../src/model/change-set.ts";
import type { ExecOutcome } from "../../src/model/tool-call.ts";

export type WorkspaceFile = { content: Buffer; executable: boolean } | { link: string } | { device: true };

export interface CommandEffect {
  readonly outcome?: ExecOutcome;
  readonly stdout?: string;
  readonly stderr?: string;
}

/** What a command does to the workspace and says; it may throw a BerthError to play a sandbox that dies. */
export type RunsCommands = (request: ExecRequest, guest: WorkspaceGuest) => CommandEffect;

/** A guest whose workspace is a map and whose commands are a function. It keeps the rules of the real one for paths. */
export class WorkspaceGuest implements Guest {
  readonly files = new Map<string, WorkspaceFile>();
  readonly executed: ExecRequest[] = [];
  readonly handshake = {
    protocol: 1,
    version: "scripted",
    bootId: "boot",
    root: "/workspace",
    toolUid: 1000,
    toolGid: 1000,
  };
  readonly #script: RunsCommands;
  readonly #outputs = new Map<string, Buffer>();

  constructor(files: Readonly<Record<string, string>> = {}, script: RunsCommands = () => ({})) {
    for (const [path, text] of Object.entries(files))
      this.files.set(path, { content: Buffer.from(text), executable: false });
    this.#script = script;
  }

  text(path: string): string | undefined {
    const file = this.files.get(path);
    return file !== undefined && "content" in file ? file.content.toString("utf8") : undefined;
  }

  async health() {
    return { bootId: "boot", uptimeMs: 1, processes: 0, oomKills: 0 };
  }

  async exec(request: ExecRequest): Promise<ExecResult> {
    this.executed.push(request);
    const { outcome = { type: "exited", code: 0 }, stdout = "", stderr = "" } = this.#script(request, this);
    this.#outputs.set(request.callId, Buffer.from(stdout));
    const stream = (text: string) => ({
      head: text.slice(0, request.headBytes),
      tail: "",
      total_bytes: Buffer.byteLength(text),
      truncated: text.length > request.headBytes,
    });
    return {
      callId: request.callId,
      bootId: "boot",
      outcome,
      stdout: stream(stdout),
      stderr: stream(stderr),
      durationMs: 1,
      survivorsKilled: 0,
    };
  }

  async cancel() {}

  async startBackground(): Promise<void> {
    throw new Error("not scripted");
  }

  async backgrounds() {
    return [];
  }

  async stopBackground(): Promise<never> {
    throw new Error("not scripted");
  }

  async changed() {
    return { files: [], truncated: false };
  }

  async move(): Promise<never> {
    throw new Error("not scripted");
  }

  async output(callId: string, _stream: "stdout" | "stderr", { offset, limit }: { offset: number; limit: number }) {
    const all = this.#outputs.get(callId) ?? Buffer.alloc(0);
    return { bytes: all.subarray(offset, offset + limit), totalBytes: all.length, spooledBytes: all.length };
  }

  async read(path: string, { offset = 0, limit = 8 * 1024 ** 2 }: { offset?: number; limit?: number } = {}) {
    const file = this.files.get(path);
    if (file === undefined) throw new BerthError(this.#isFolder(path) ? "not_a_file" : "file_not_found", path);
    if (!("content" in file)) throw new BerthError("not_a_file", path);
    return {
      bytes: file.content.subarray(offset, offset + limit),
      size: file.content.length,
      mode: file.executable ? 0o755 : 0o644,
    };
  }

  async lines(): Promise<never> {
    throw new Error("not scripted");
  }

  async write(path: string, content: Uint8Array, how: { executable?: boolean } = {}) {
    if (this.#isFolder(path)) throw new BerthError("not_a_file", `${path} is a directory`);
    for (const above of foldersOf(path)) if (this.files.has(above)) throw new BerthError("not_a_directory", above);
    const created = !this.files.has(path);
    this.files.set(path, { content: Buffer.from(content), executable: how.executable ?? false });
    return { bytes: content.length, sha256: sha256(Buffer.from(content)), created };
  }

  async remove(path: string, how: { recursive?: boolean } = {}) {
    if (this.#isFolder(path) && how.recursive !== true) throw new BerthError("not_a_file", `${path} is a directory`);
    for (const name of this.files.keys()) if (name === path || name.startsWith(`${path}/`)) this.files.delete(name);
  }

  async stat(path: string): Promise<FileStat> {
    const file = this.files.get(path);
    if (file === undefined && !this.#isFolder(path)) throw new BerthError("file_not_found", path);
    if (file === undefined) return { path, type: "directory", size: 0, mode: 0o755 };
    if ("link" in file) return { path, type: "link", size: 0, mode: 0o777 };
    if ("device" in file) return { path, type: "other", size: 0, mode: 0o644 };
    return { path, type: "file", size: file.content.length, mode: file.executable ? 0o755 : 0o644 };
  }

  async list(path: string): ReturnType<Guest["list"]> {
    const below = [...this.files.keys()].filter((name) => name.startsWith(`${path}/`));
    return { entries: below.map((name) => ({ path: name, type: "file" as const, size: 0 })), truncated: false };
  }

  async grep(): Promise<never> {
    throw new Error("not scripted");
  }

  async glob(): Promise<never> {
    throw new Error("not scripted");
  }

  async tree(
    how: { exclude?: readonly string[]; maxEntries?: number; maxFileBytes?: number } = {},
  ): Promise<TreeEntry[]> {
    if (this.files.size > (how.maxEntries ?? Infinity)) throw new BerthError("file_too_large", "too many entries");
    const excluded = (path: string) => how.exclude?.some((name) => path === name || path.startsWith(`${name}/`));
    return [...this.files]
      .filter(([path]) => !excluded(path))
      .map(([path, file]) => {
        if ("link" in file) return { type: "link", path, target: file.link };
        if ("device" in file) return { type: "other", path };
        return {
          type: "file",
          path,
          mode: file.executable ? 0o755 : 0o644,
          size: file.content.length,
          sha256: sha256(file.content),
        };
      });
  }

  async unpack(): Promise<never> {
    throw new Error("not scripted");
  }

  async own() {}

  async probe(): Promise<never> {
    throw new Error("not scripted");
  }

  async listenEgress(): Promise<void> {}

  async acceptEgress(): Promise<never> {
    throw new Error("no tool connects");
  }

  readonly sessions = noSessions;

  async prolong() {}

  async quiesce() {
    return { killed: 0 };
  }

  async close() {}

  /** Folders exist because of what is in them. */
  #isFolder(path: string): boolean {
    return [...this.files.keys()].some((name) => name.startsWith(`${path}/`));
  }
}

const sha256 = (content: Buffer): string => createHash("sha256").update(content).digest("hex");

const foldersOf = (path: string): string[] =>
  path
    .split("/")
    .slice(0, -1)
    .map((_, index, names) => names.slice(0, index + 1).join("/"));
