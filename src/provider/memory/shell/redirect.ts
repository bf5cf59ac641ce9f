import { GuestFault } from "../tree/fault.ts";
import { isBeneath } from "../tree/file-tree.ts";
import type { FileNode } from "../tree/nodes.ts";
import { expandWord } from "./expand.ts";
import { emptySource, nullSink, sourceOf, type Sink, type Source } from "./io.ts";
import type { Shell } from "./shell.ts";
import type { Redirect } from "./syntax.ts";

const flushBytes = 1024 * 1024;

export interface Redirected {
  readonly shell: Shell;
  /** Writes what is still held back. */
  close(): void;
}

/** @throws GuestFault when a target cannot be opened */
export function redirected(shell: Shell, redirects: readonly Redirect[]): Redirected {
  let { stdin, stdout, stderr } = shell;
  const files: FileSink[] = [];
  for (const { stream, how, target } of redirects) {
    const name = expandWord(shell, target);
    if (how === "duplicate") {
      if (stream === 2 && name === "1") stderr = stdout;
      else if (stream === 1 && name === "2") stdout = stderr;
      else throw new GuestFault("invalid_argument", `${name}: bad file descriptor`);
    } else if (how === "read") {
      stdin = openToRead(shell, name);
    } else {
      const file = name === "/dev/null" ? undefined : new FileSink(shell, name, how === "append");
      if (file) files.push(file);
      if (stream !== 2) stdout = file ?? nullSink;
      if (stream === 2 || stream === "both") stderr = file ?? nullSink;
    }
  }
  return { shell: { ...shell, stdin, stdout, stderr }, close: () => files.forEach((file) => file.flush()) };
}

export function openToRead(shell: Shell, path: string): Source {
  if (path === "/dev/null") return emptySource;
  const { node } = shell.tree.find(path, { from: shell.cwd });
  if (node.type !== "file") throw new GuestFault("not_regular_file", `${path}: not a regular file`);
  return sourceOf(node.bytes);
}

/** The tool user writes in the workspace and where everyone may. @throws GuestFault `permission_denied` */
export function assertWritable(shell: Shell, path: string): void {
  const writable = [shell.workspace, "/tmp", "/var/tmp", "/home/agent"];
  if (shell.user === "root" || writable.some((top) => isBeneath(path, top))) return;
  throw new GuestFault("permission_denied", `${path}: Permission denied`);
}

class FileSink implements Sink {
  readonly #shell: Shell;
  readonly #path: string;
  readonly #node: FileNode;
  #held: Buffer[] = [];
  #heldBytes = 0;

  constructor(shell: Shell, path: string, append: boolean) {
    const place = shell.tree.lookup(path, { from: shell.cwd });
    if (place.node !== undefined && place.node.type !== "file")
      throw new GuestFault("not_regular_file", `${path}: not a regular file`);
    assertWritable(shell, place.path);
    this.#shell = shell;
    this.#path = place.path;
    this.#node = {
      type: "file",
      bytes: append ? (place.node?.bytes ?? Buffer.alloc(0)) : Buffer.alloc(0),
      mode: place.node?.mode ?? 0o644,
    };
    shell.tree.put(place, this.#node);
  }

  async write(bytes: Buffer): Promise<void> {
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    if (this.#heldBytes >= flushBytes) this.flush();
  }

  /** A file that was removed or replaced since is written in vain, as an open descriptor would. */
  flush(): void {
    if (this.#heldBytes === 0) return;
    const bytes = Buffer.concat([this.#node.bytes, ...this.#held]);
    this.#held = [];
    this.#heldBytes = 0;
    const place = this.#shell.tree.lookup(this.#path);
    if (place.node !== this.#node) return;
    this.#shell.tree.assertRoom(bytes.length - this.#node.bytes.length);
    this.#node.bytes = bytes;
  }
}
