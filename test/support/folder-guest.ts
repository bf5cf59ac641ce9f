import { execFile } from "node:child_process";
import { cp, lstat, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { BerthError } from "../../src/core/errors.ts";
import type { ExecRequest, ExecResult, FileStat, Guest } from "../../src/guest/guest.ts";
import { WorkspaceGuest } from "./workspace-guest.ts";

/**
 * A guest whose workspace is a folder of this machine and whose commands run on it, without any isolation: only for
 * fixtures that are ours.
 */
export class FolderGuest extends WorkspaceGuest implements Guest {
  readonly #root: string;
  readonly #outputs = new Map<string, Buffer>();

  constructor(root: string) {
    super();
    this.#root = root;
  }

  static async of(root: string, from: string): Promise<FolderGuest> {
    await cp(from, root, { recursive: true });
    return new FolderGuest(root);
  }

  override async exec(request: ExecRequest): Promise<ExecResult> {
    this.executed.push(request);
    const [file = "", ...args] = request.argv;
    return await new Promise((resolve) => {
      const child = execFile(
        file,
        args,
        {
          cwd: this.#root,
          env: { ...request.env },
          timeout: request.timeoutMs,
          killSignal: "SIGKILL",
          maxBuffer: 64 * 1024 ** 2,
        },
        (error, stdout, stderr) => {
          this.#outputs.set(request.callId, Buffer.from(stdout));
          const code = error === null ? 0 : typeof error.code === "number" ? error.code : undefined;
          const stream = (text: string) => ({
            head: "",
            tail: text.slice(-request.tailBytes),
            total_bytes: text.length,
            truncated: false,
          });
          resolve({
            callId: request.callId,
            bootId: "boot",
            outcome: code === undefined ? { type: "timed_out" } : { type: "exited", code },
            stdout: stream(stdout),
            stderr: stream(stderr),
            durationMs: 1,
            survivorsKilled: 0,
          });
        },
      );
      // A command need not read what it is given.
      child.stdin?.on("error", () => {}).end(request.stdin ?? "");
    });
  }

  override async output(
    callId: string,
    _stream: "stdout" | "stderr",
    { offset, limit }: { offset: number; limit: number },
  ) {
    const all = this.#outputs.get(callId) ?? Buffer.alloc(0);
    return { bytes: all.subarray(offset, offset + limit), totalBytes: all.length, spooledBytes: all.length };
  }

  override async read(path: string, { offset = 0, limit = 8 * 1024 ** 2 }: { offset?: number; limit?: number } = {}) {
    const stat = await this.stat(path);
    if (stat.type !== "file") throw new BerthError("not_a_file", path);
    const content = await readFile(join(this.#root, path));
    return { bytes: content.subarray(offset, offset + limit), size: content.length, mode: stat.mode };
  }

  override async write(path: string, content: Uint8Array, how: { executable?: boolean } = {}) {
    await mkdir(dirname(join(this.#root, path)), { recursive: true });
    await writeFile(join(this.#root, path), content, { mode: how.executable ? 0o755 : 0o644 });
    return { bytes: content.length, sha256: "", created: true };
  }

  override async remove(path: string) {
    await rm(join(this.#root, path), { recursive: true });
  }

  override async stat(path: string): Promise<FileStat> {
    try {
      const stat = await lstat(join(this.#root, path));
      const type = stat.isFile() ? "file" : stat.isDirectory() ? "directory" : stat.isSymbolicLink() ? "link" : "other";
      return { path, type, size: stat.size, mode: stat.mode & 0o7777 };
    } catch {
      throw new BerthError("file_not_found", path);
    }
  }

  override async list(path: string): ReturnType<Guest["list"]> {
    const entries = await readdir(join(this.#root, path), { withFileTypes: true, recursive: true });
    return {
      entries: entries.map((entry) => ({
        path: entry.name,
        type: entry.isDirectory() ? ("directory" as const) : ("file" as const),
        size: 0,
      })),
      truncated: false,
    };
  }
}
