import { BerthError } from "../core/errors.ts";
import { unacceptable } from "./guest-error.ts";
import type { FileLines, FileStat, Guest } from "./guest.ts";
import type { RequestOptions } from "./request-options.ts";
import { assertSuccess, countHeader, readReply } from "./reply.ts";
import type { Requester } from "./requester.ts";
import { wireLines, wireList, wireNothing, wireStat, wireUnpacked, wireWritten } from "./wire.ts";

const maxWriteBytes = 64 * 1024 * 1024;
const maxReadBytes = 8 * 1024 * 1024;
const smallReplyBytes = 64 * 1024;
/** A path of 4,096 control characters in JSON. */
const maxEntryBytes = 25 * 1024;
const maxListBytes = 64 * 1024 * 1024;
const maxLineBytes = 8_192;

/** The workspace's files through the guest. */
export class WorkspaceFiles {
  readonly #requester: Requester;

  constructor(requester: Requester) {
    this.#requester = requester;
  }

  async read(
    path: string,
    range: { offset?: number; limit?: number } = {},
    options?: RequestOptions,
  ): Promise<{ bytes: Buffer; size: number; mode: number }> {
    const what = "files/read";
    const limit = Math.min(range.limit ?? maxReadBytes, maxReadBytes);
    const url = at(what, { path, offset: range.offset ?? 0, limit });
    const reply = await this.#requester.read({ what, method: "GET", path: url, maxReplyBytes: limit }, options);
    assertSuccess(what, reply);
    const mode = reply.headers["berth-file-mode"];
    if (typeof mode !== "string" || !/^[0-7]{1,7}$/.test(mode)) throw unacceptable(what, "the mode is missing");
    return {
      bytes: reply.body,
      size: countHeader(what, reply.headers["berth-file-size"]),
      mode: Number.parseInt(mode, 8),
    };
  }

  async lines(
    path: string,
    range: { start: number; count: number; maxBytes: number },
    options?: RequestOptions,
  ): Promise<FileLines> {
    const what = "files/lines";
    const { start, count, maxBytes } = range;
    const url = at(what, { path, start, count, max_bytes: maxBytes, max_line_bytes: maxLineBytes });
    const reply = await this.#requester.read(
      { what, method: "GET", path: url, maxReplyBytes: 6 * maxBytes + smallReplyBytes },
      options,
    );
    const told = readReply(what, reply, wireLines);
    if (Buffer.byteLength(told.text) > 3 * maxBytes) throw unacceptable(what, "it holds more text than was asked for");
    return {
      text: told.text,
      startLine: told.start_line,
      endLine: told.end_line,
      totalLines: told.total_lines,
      totalBytes: told.total_bytes,
      truncated: told.truncated,
      longLines: told.long_lines,
    };
  }

  async write(
    path: string,
    content: Uint8Array,
    how: { createParents?: boolean; executable?: boolean; ifSha256?: string } = {},
    options?: RequestOptions,
  ): Promise<{ bytes: number; sha256: string; created: boolean }> {
    const what = "files/write";
    if (content.byteLength > maxWriteBytes) {
      throw new BerthError(
        "file_too_large",
        `${content.byteLength} bytes are more than the ${maxWriteBytes} that can be written at once.`,
      );
    }
    const url = at(what, {
      path,
      create_parents: how.createParents ?? false,
      executable: how.executable,
      if_sha256: how.ifSha256,
    });
    const reply = await this.#requester.change(
      { what, method: "PUT", path: url, body: content, maxReplyBytes: smallReplyBytes },
      options,
    );
    return readReply(what, reply, wireWritten);
  }

  async remove(path: string, how: { recursive?: boolean } = {}, options?: RequestOptions): Promise<void> {
    const what = "files/delete";
    const body = json({ path, recursive: how.recursive ?? false });
    const reply = await this.#requester.change(
      { what, method: "POST", path: at(what), body, maxReplyBytes: smallReplyBytes },
      options,
    );
    readReply(what, reply, wireNothing);
  }

  async move(from: string, to: string, options?: RequestOptions): Promise<void> {
    const what = "files/move";
    const body = json({ from, to });
    const reply = await this.#requester.change(
      { what, method: "POST", path: at(what), body, maxReplyBytes: smallReplyBytes },
      options,
    );
    readReply(what, reply, wireNothing);
  }

  async stat(path: string, options?: RequestOptions): Promise<FileStat> {
    const what = "files/stat";
    const reply = await this.#requester.read(
      { what, method: "GET", path: at(what, { path }), maxReplyBytes: smallReplyBytes },
      options,
    );
    return readReply(what, reply, wireStat);
  }

  async list(path: string, how: { depth: number; limit: number }, options?: RequestOptions): ReturnType<Guest["list"]> {
    const what = "files/list";
    const url = at(what, { path, depth: how.depth, limit: how.limit });
    const maxReplyBytes = Math.min(how.limit * maxEntryBytes + smallReplyBytes, maxListBytes);
    const told = readReply(
      what,
      await this.#requester.read({ what, method: "GET", path: url, maxReplyBytes }, options),
      wireList,
    );
    if (told.entries.length > how.limit) throw unacceptable(what, "it lists more than was asked for");
    return told;
  }

  async unpack(
    path: string,
    tar: NodeJS.ReadableStream,
    options?: RequestOptions,
  ): Promise<{ files: number; bytes: number }> {
    const what = "archive";
    const reply = await this.#requester.change(
      {
        what,
        method: "PUT",
        path: `/v1/archive?${new URLSearchParams({ path })}`,
        body: tar,
        maxReplyBytes: smallReplyBytes,
      },
      options,
    );
    return readReply(what, reply, wireUnpacked);
  }

  async own(path: string, options?: RequestOptions): Promise<void> {
    const what = "own";
    const question = {
      what,
      method: "POST",
      path: "/v1/own",
      body: json({ path }),
      maxReplyBytes: smallReplyBytes,
    } as const;
    readReply(what, await this.#requester.read(question, options), wireNothing);
  }
}

function at(what: string, query: Record<string, string | number | boolean | undefined> = {}): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) given.set(name, String(value));
  return given.size === 0 ? `/v1/${what}` : `/v1/${what}?${given}`;
}

function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
