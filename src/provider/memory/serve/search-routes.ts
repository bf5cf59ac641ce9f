import picomatch from "picomatch";
import { RE2JS } from "re2js";
import { z } from "zod";
import { GuestFault } from "../tree/fault.ts";
import type { FileTree } from "../tree/file-tree.ts";
import type { TreeNode } from "../tree/nodes.ts";
import { sha256 } from "./file-routes.ts";
import { cutLine } from "./line-routes.ts";
import { jsonReply, parsed, type Reply, type Request } from "./messages.ts";
import { walkTree, type Entry } from "./walk.ts";

const maxLineBytes = 512;
const count = z.number().int().min(0);

const grepBody = z.object({
  pattern: z.string(),
  path: z.string().default(""),
  include: z.array(z.string()).default([]),
  exclude: z.array(z.string()).default([]),
  ignore_case: z.boolean().default(false),
  fixed: z.boolean().default(false),
  before: count.default(0),
  after: count.default(0),
  max_matches: count.default(100),
  max_bytes: count.default(65_536),
});
const globBody = z.object({ pattern: z.string(), path: z.string().default(""), limit: count.default(1_000) });
const changedBody = z.object({ limit: count.min(1) });
const treeBody = z.object({ exclude: z.array(z.string()).default([]), max_entries: count, max_file_bytes: count });

/** Searches in the workspace of one sandbox. */
export class Search {
  readonly #tree: FileTree;
  readonly #workspace: string;
  /** What the files held when the sandbox began. */
  readonly #before: WeakMap<TreeNode, Buffer>;

  constructor(tree: FileTree, workspace: string) {
    this.#tree = tree;
    this.#workspace = workspace;
    const files = tree.lookup(workspace).node === undefined ? [] : this.#files("");
    this.#before = new WeakMap(files.flatMap(({ node }) => (node.type === "file" ? [[node, node.bytes]] : [])));
  }

  changed({ body }: Request): Reply {
    const { limit } = parsed(changedBody, body);
    const changed = this.#files("").flatMap(({ path, node }) =>
      node.type === "file" && this.#before.get(node) !== node.bytes ? [{ path, size: node.bytes.length }] : [],
    );
    return jsonReply({ files: changed.slice(0, limit), truncated: changed.length > limit });
  }

  grep({ body }: Request): Reply {
    const asked = parsed(grepBody, body);
    const pattern = compile(asked.pattern, asked.fixed, asked.ignore_case);
    const wanted = (path: string) =>
      (asked.include.length === 0 || matches(asked.include, path)) && !matches(asked.exclude, path);
    const found: { path: string; line: number; text: string; before: string[]; after: string[] }[] = [];
    const files = new Set<string>();
    const tally = { searched: 0, skipped: 0, bytes: 0, truncated: false };
    for (const { path, node } of this.#files(asked.path)) {
      if (node.type !== "file" || !wanted(path)) continue;
      if (node.bytes.subarray(0, 8_192).includes(0)) {
        tally.skipped++;
        continue;
      }
      tally.searched++;
      const lines = node.bytes.toString("utf8").replace(/\n$/, "").split("\n");
      const cut = (from: number, to: number) =>
        lines.slice(Math.max(0, from), to).map((line) => cutLine(line, maxLineBytes));
      for (const [index, line] of lines.entries()) {
        if (!pattern.matcher(line).find()) continue;
        const text = cutLine(line, maxLineBytes);
        tally.bytes += Buffer.byteLength(text);
        if (found.length === asked.max_matches || tally.bytes > asked.max_bytes) {
          tally.truncated = true;
          break;
        }
        files.add(path);
        found.push({
          path,
          line: index + 1,
          text,
          before: cut(index - asked.before, index),
          after: cut(index + 1, index + 1 + asked.after),
        });
      }
      if (tally.truncated) break;
    }
    return jsonReply({
      matches: found,
      matched_files: files.size,
      searched_files: tally.searched,
      skipped_files: tally.skipped,
      truncated: tally.truncated,
      timed_out: false,
    });
  }

  glob({ body }: Request): Reply {
    const asked = parsed(globBody, body);
    const isMatch = picomatch(asked.pattern, { dot: true });
    const prefix = this.#relativeTop(asked.path);
    const paths = this.#files(asked.path)
      .filter(({ node }) => node.type === "file" || node.type === "link")
      .map(({ path }) => path)
      .filter((path) => isMatch(prefix === "" ? path : path.slice(prefix.length + 1)));
    return jsonReply({ paths: paths.slice(0, asked.limit), truncated: paths.length > asked.limit });
  }

  tree({ body }: Request): Reply {
    const asked = parsed(treeBody, body);
    const exclude = new Set(asked.exclude);
    const entries = walkTree(this.#tree, this.#workspace, "", (path) => exclude.has(path)).filter(
      ({ node }) => node.type !== "directory",
    );
    if (entries.length > asked.max_entries)
      throw new GuestFault("too_large", `There are more than ${asked.max_entries} entries.`);
    const lines = entries.map(({ path, node }) => {
      if (node.type === "file" && node.bytes.length <= asked.max_file_bytes)
        return { type: "file", path, mode: node.mode, size: node.bytes.length, sha256: sha256(node.bytes) };
      return node.type === "link" ? { type: "link", path, target: node.target } : { type: "other", path };
    });
    const text = [...lines, { type: "end", count: lines.length }].map((line) => `${JSON.stringify(line)}\n`).join("");
    return { headers: { "content-type": "application/x-ndjson" }, body: Buffer.from(text) };
  }

  #files(path: string): Entry[] {
    return walkTree(this.#tree, this.#workspace, path, (_, name) => name === ".git");
  }

  #relativeTop(path: string): string {
    const top = this.#tree.find(path, { beneath: this.#workspace }).path;
    return top === this.#workspace ? "" : top.slice(this.#workspace.length + 1);
  }
}

function compile(pattern: string, fixed: boolean, ignoreCase: boolean): RE2JS {
  try {
    return RE2JS.compile(fixed ? RE2JS.quote(pattern) : pattern, ignoreCase ? RE2JS.CASE_INSENSITIVE : 0);
  } catch (thrown) {
    throw new GuestFault("invalid_argument", thrown instanceof Error ? thrown.message : "The pattern is not RE2.");
  }
}

/** A pattern without a slash is held against the name alone. */
function matches(patterns: readonly string[], path: string): boolean {
  return patterns.some((pattern) => picomatch.isMatch(path, pattern, { dot: true, basename: !pattern.includes("/") }));
}
