import { z } from "zod";
import { GuestFault } from "../tree/fault.ts";
import type { Files } from "./file-routes.ts";
import { jsonReply, parsed, type Reply, type Request } from "./messages.ts";

const maxFileBytes = 256 * 1024 * 1024;
const count = z.coerce.number().int().min(0);

const linesQuery = z.object({
  path: z.string().default(""),
  start: count.min(1).default(1),
  count: count.default(2_000),
  max_bytes: count.default(262_144),
  max_line_bytes: count.min(4).default(8_192),
});

/** Whole lines of a text file, up to a number of lines and of bytes. */
export function linesOf(files: Files, { query }: Request): Reply {
  const asked = parsed(linesQuery, Object.fromEntries(query));
  const { bytes } = files.regularFile(asked.path);
  if (bytes.length > maxFileBytes)
    throw new GuestFault("too_large", `${asked.path} is larger than ${maxFileBytes} bytes.`);
  if (bytes.subarray(0, 8_192).includes(0)) throw new GuestFault("not_text", `${asked.path} is binary.`);
  const lines = bytes.length === 0 ? [] : bytes.toString("utf8").split(/(?<=\n)/);
  let text = "";
  let textBytes = 0;
  let longLines = 0;
  let next = asked.start - 1;
  for (; next < lines.length && next < asked.start - 1 + asked.count; next++) {
    const line = lines[next] ?? "";
    const cut = cutLine(line, asked.max_line_bytes);
    if (textBytes + Buffer.byteLength(cut) > asked.max_bytes) break;
    if (cut !== line) longLines++;
    text += cut;
    textBytes += Buffer.byteLength(cut);
  }
  return jsonReply({
    text,
    start_line: asked.start,
    end_line: next,
    total_lines: lines.length,
    total_bytes: bytes.length,
    truncated: next < Math.min(lines.length, asked.start - 1 + asked.count),
    long_lines: longLines,
  });
}

/** At a character; the line end stays. */
export function cutLine(line: string, maxBytes: number): string {
  const end = line.endsWith("\n") ? "\n" : "";
  if (Buffer.byteLength(line) - end.length <= maxBytes) return line;
  const bytes = Buffer.from(line);
  let at = maxBytes;
  while (at > 0 && ((bytes[at] ?? 0) & 0xc0) === 0x80) at--;
  return bytes.subarray(0, at).toString("utf8") + end;
}
