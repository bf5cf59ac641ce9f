import type { CapturedStream } from "../../model/tool-call.ts";

/** What was captured of a stream, with what is left out said in it. */
export function streamText({ head, tail, total_bytes: total, truncated }: CapturedStream): string {
  if (!truncated) return head + tail;
  const missing = Math.max(0, total - Buffer.byteLength(head) - Buffer.byteLength(tail));
  return `${head}\n[… ${missing} bytes left out …]\n${tail}`;
}
