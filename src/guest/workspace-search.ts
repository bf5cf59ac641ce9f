import { BerthError } from "../core/errors.ts";
import { treeEntry, type TreeEntry } from "../model/change-set.ts";
import { GuestRefusal, guestErrorLine, unacceptable } from "./guest-error.ts";
import type { GrepRequest, GrepResult } from "./guest.ts";
import type { RequestOptions } from "./request-options.ts";
import { assertSuccess, checked, parseJson, readReply } from "./reply.ts";
import type { Requester } from "./requester.ts";
import { wireChanged, wireGlob, wireGrep, wireTreeEnd } from "./wire.ts";

/** A path of 4,096 control characters in JSON. */
const maxEntryBytes = 25 * 1024;
const maxSearchReplyBytes = 64 * 1024 * 1024;
const maxTreeBytes = 256 * 1024 * 1024;
const searchGraceMs = 5_000;

/** Searches and listings of the whole workspace through the guest. */
export class WorkspaceSearch {
  readonly #requester: Requester;

  constructor(requester: Requester) {
    this.#requester = requester;
  }

  async grep(request: GrepRequest, options: RequestOptions = {}): Promise<GrepResult> {
    const what = "search/grep";
    const body = json({
      pattern: request.pattern,
      path: request.path ?? "",
      include: request.include ?? [],
      exclude: request.exclude ?? [],
      ignore_case: request.ignoreCase ?? false,
      fixed: request.fixed ?? false,
      before: request.before ?? 0,
      after: request.after ?? 0,
      max_matches: request.maxMatches,
      max_bytes: request.maxBytes,
      timeout_ms: request.timeoutMs,
    });
    const maxReplyBytes = Math.min(
      6 * request.maxBytes + (request.maxMatches + 1) * maxEntryBytes,
      maxSearchReplyBytes,
    );
    const reply = await this.#requester.read(
      { what, method: "POST", path: "/v1/search/grep", body, maxReplyBytes },
      { timeoutMs: request.timeoutMs + searchGraceMs, ...options },
    );
    const told = readReply(what, reply, wireGrep, { invalid_argument: "invalid_pattern" });
    if (told.matches.length > request.maxMatches) throw unacceptable(what, "it holds more matches than were asked for");
    return {
      matches: told.matches,
      matchedFiles: told.matched_files,
      searchedFiles: told.searched_files,
      truncated: told.truncated,
      timedOut: told.timed_out,
    };
  }

  async glob(
    request: { pattern: string; path?: string; limit: number },
    options?: RequestOptions,
  ): Promise<{ paths: readonly string[]; truncated: boolean }> {
    const what = "search/glob";
    const body = json({ pattern: request.pattern, path: request.path ?? "", limit: request.limit });
    const maxReplyBytes = Math.min((request.limit + 1) * maxEntryBytes, maxSearchReplyBytes);
    const reply = await this.#requester.read(
      { what, method: "POST", path: "/v1/search/glob", body, maxReplyBytes },
      options,
    );
    const told = readReply(what, reply, wireGlob, { invalid_argument: "invalid_pattern" });
    if (told.paths.length > request.limit) throw unacceptable(what, "it lists more than was asked for");
    return told;
  }

  async changed(
    { limit }: { limit: number },
    options?: RequestOptions,
  ): Promise<{ files: readonly { path: string; size: number }[]; truncated: boolean }> {
    const what = "search/changed";
    const maxReplyBytes = Math.min((limit + 1) * maxEntryBytes, maxSearchReplyBytes);
    const reply = await this.#requester.read(
      { what, method: "POST", path: "/v1/search/changed", body: json({ limit }), maxReplyBytes },
      options,
    );
    const told = readReply(what, reply, wireChanged);
    if (told.files.length > limit) throw unacceptable(what, "it lists more than was asked for");
    return told;
  }

  /** @throws BerthError `change_set_too_large` beyond `maxEntries` or when the listing is longer than 256 MiB */
  async tree(
    how: { exclude: readonly string[]; maxEntries: number; maxFileBytes: number },
    options?: RequestOptions,
  ): Promise<readonly TreeEntry[]> {
    const what = "tree";
    let listing = new TreeListing(how.maxEntries);
    const reader = () => {
      listing = new TreeListing(how.maxEntries);
      return (chunk: Buffer) => listing.take(chunk);
    };
    const body = json({ exclude: how.exclude, max_entries: how.maxEntries, max_file_bytes: how.maxFileBytes });
    const reply = await this.#requester.read(
      { what, method: "POST", path: "/v1/tree", body, maxReplyBytes: Number.POSITIVE_INFINITY, reader },
      options,
    );
    assertSuccess(what, reply, { too_large: "change_set_too_large" });
    return listing.finish();
  }
}

/** Newline-delimited entries that arrive in pieces; complete only with its end line. */
class TreeListing {
  readonly #maxEntries: number;
  readonly #entries: TreeEntry[] = [];
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #totalBytes = 0;
  #complete = false;

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  take(chunk: Buffer): void {
    this.#totalBytes += chunk.length;
    if (this.#totalBytes > maxTreeBytes) throw tooLarge(`its listing is longer than ${maxTreeBytes} bytes`);
    let from = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
      this.#pending.push(chunk.subarray(from, end));
      this.#line(Buffer.concat(this.#pending));
      this.#pending = [];
      this.#pendingBytes = 0;
      from = end + 1;
    }
    if (from === chunk.length) return;
    this.#pending.push(chunk.subarray(from));
    this.#pendingBytes += chunk.length - from;
    if (this.#pendingBytes > 2 * maxEntryBytes) throw unacceptable("tree", "a line is too long");
  }

  finish(): readonly TreeEntry[] {
    if (!this.#complete) throw unacceptable("tree", "it has no end");
    return this.#entries;
  }

  #line(bytes: Buffer): void {
    if (this.#complete) throw unacceptable("tree", "it goes on after its end");
    const value = parseJson("tree", bytes);
    const type = typeof value === "object" && value !== null && "type" in value ? value.type : undefined;
    if (type === "error") {
      const { code, message } = checked("tree", guestErrorLine, value);
      throw new GuestRefusal(code, message, { too_large: "change_set_too_large" });
    }
    if (type === "end") {
      if (checked("tree", wireTreeEnd, value).count !== this.#entries.length)
        throw unacceptable("tree", "its count is wrong");
      this.#complete = true;
      return;
    }
    const entry = checked("tree", treeEntry, value);
    if (!isBeneathRoot(entry.path)) throw unacceptable("tree", "a path leaves the workspace");
    if (this.#entries.length === this.#maxEntries) throw tooLarge(`it has more than ${this.#maxEntries} entries`);
    this.#entries.push(entry);
  }
}

function isBeneathRoot(path: string): boolean {
  return path.length <= 4_096 && path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}

function tooLarge(why: string): BerthError {
  return new BerthError("change_set_too_large", `The workspace is too large: ${why}.`);
}

function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
