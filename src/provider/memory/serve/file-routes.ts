import { createHash } from "node:crypto";
import { z } from "zod";
import { GuestFault } from "../tree/fault.ts";
import type { FileTree } from "../tree/file-tree.ts";
import { sortedNames, type DirectoryNode, type FileNode } from "../tree/nodes.ts";
import { bytesReply, jsonReply, parsed, type Reply, type Request } from "./messages.ts";

const maxReadBytes = 8 * 1024 * 1024;
const path = z.string().default("");
const count = z.coerce.number().int().min(0);
const flag = z.enum(["true", "false"]).transform((text) => text === "true");

const readQuery = z.object({ path, offset: count.default(0), limit: count.max(maxReadBytes).default(maxReadBytes) });
const writeQuery = z.object({
  path,
  create_parents: flag.default(false),
  executable: flag.optional(),
  if_sha256: z.string().optional(),
});
const deleteBody = z.object({ path, recursive: z.boolean().default(false) });
const moveBody = z.object({ from: path, to: path });
const listQuery = z.object({ path, depth: count.min(1).default(1), limit: count.default(1_000) });

/** The workspace's files, for one sandbox. */
export class Files {
  readonly #tree: FileTree;
  readonly #workspace: string;

  constructor(tree: FileTree, workspace: string) {
    this.#tree = tree;
    this.#workspace = workspace;
  }

  read({ query }: Request): Reply {
    const asked = parsed(readQuery, Object.fromEntries(query));
    const file = this.regularFile(asked.path);
    return bytesReply(file.bytes.subarray(asked.offset, asked.offset + asked.limit), {
      "berth-file-size": String(file.bytes.length),
      "berth-file-mode": file.mode.toString(8),
    });
  }

  write({ query, body }: Request): Reply {
    const asked = parsed(writeQuery, Object.fromEntries(query));
    const beneath = this.#workspace;
    if (asked.create_parents && asked.path.includes("/"))
      this.#tree.makeDirectories(asked.path.replace(/\/[^/]*$/, ""), { beneath });
    const place = this.#tree.lookup(asked.path, { beneath });
    const before = place.node;
    if (before !== undefined && before.type !== "file")
      throw new GuestFault("not_regular_file", `${asked.path} is no regular file.`);
    if (asked.if_sha256 !== undefined && (before === undefined || sha256(before.bytes) !== asked.if_sha256)) {
      throw new GuestFault("precondition_failed", `${asked.path} has changed.`);
    }
    const mode = asked.executable === undefined ? (before?.mode ?? 0o644) : asked.executable ? 0o755 : 0o644;
    this.#tree.put(place, { type: "file", bytes: body, mode });
    return jsonReply({ bytes: body.length, sha256: sha256(body), created: before === undefined });
  }

  delete({ body }: Request): Reply {
    const asked = parsed(deleteBody, body);
    const place = this.#find(asked.path, false);
    if (place.path === this.#workspace) throw new GuestFault("invalid_argument", "The workspace itself stays.");
    if (place.node.type === "directory" && place.node.children.size > 0 && !asked.recursive) {
      throw new GuestFault("invalid_argument", `${asked.path} is a directory that is not empty.`);
    }
    place.parent.children.delete(place.name);
    return jsonReply({});
  }

  move({ body }: Request): Reply {
    const { from, to } = parsed(moveBody, body);
    const beneath = this.#workspace;
    const source = this.#find(from, false);
    if (source.path === beneath) throw new GuestFault("invalid_argument", "The workspace itself stays.");
    if (to.includes("/")) this.#tree.makeDirectories(to.replace(/\/[^/]*$/, ""), { beneath });
    const target = this.#tree.lookup(to, { beneath, followLast: false });
    if (target.node !== undefined) throw new GuestFault("already_exists", `${to} is there already.`);
    if (target.path.startsWith(`${source.path}/`))
      throw new GuestFault("invalid_argument", `${from} cannot be moved into itself.`);
    source.parent.children.delete(source.name);
    this.#tree.put(target, source.node);
    return jsonReply({});
  }

  stat({ query }: Request): Reply {
    const { node, ...place } = this.#find(query.get("path") ?? "", false);
    const size = node.type === "file" ? node.bytes.length : 0;
    const mode = node.type === "file" ? node.mode : node.type === "directory" ? 0o755 : 0o777;
    const target = node.type === "link" ? { target: node.target } : {};
    return jsonReply({ path: this.#relative(place.path), type: node.type, size, mode, mtime_ms: 0, ...target });
  }

  list({ query }: Request): Reply {
    const asked = parsed(listQuery, Object.fromEntries(query));
    const { node, path: top } = this.#find(asked.path, true);
    if (node.type !== "directory") throw new GuestFault("not_directory", `${asked.path} is no directory.`);
    const entries: { path: string; type: string; size: number }[] = [];
    const walk = (directory: DirectoryNode, prefix: string, depth: number) => {
      for (const name of sortedNames(directory)) {
        const child = directory.children.get(name);
        if (child === undefined) continue;
        entries.push({
          path: this.#relative(`${prefix}/${name}`),
          type: child.type,
          size: child.type === "file" ? child.bytes.length : 0,
        });
        if (child.type === "directory" && depth < asked.depth && name !== ".git")
          walk(child, `${prefix}/${name}`, depth + 1);
      }
    };
    walk(node, top, 1);
    entries.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
    return jsonReply({ entries: entries.slice(0, asked.limit), truncated: entries.length > asked.limit });
  }

  /** @throws GuestFault `not_regular_file`, and those of a lookup */
  regularFile(name: string): FileNode {
    const { node } = this.#find(name, true);
    if (node.type !== "file") throw new GuestFault("not_regular_file", `${name} is no regular file.`);
    return node;
  }

  #find(name: string, followLast: boolean): ReturnType<FileTree["find"]> {
    return this.#tree.find(name, { beneath: this.#workspace, followLast });
  }

  #relative(full: string): string {
    return full === this.#workspace ? "" : full.slice(this.#workspace.length + 1);
  }
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
