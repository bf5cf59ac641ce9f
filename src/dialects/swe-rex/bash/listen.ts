import type { ToolContext } from "../../../tool/tool.ts";
import { Heard } from "./heard.ts";
import type { FindStop, Stop } from "./stops.ts";

const pageBytes = 262_144;
/** A wait for output, at most; the guest allows a minute. */
const longestWaitMs = 20_000;

export interface Wanted {
  /** Offset in the session's output. */
  readonly from: number;
  /** What comes before it is not the command's. */
  readonly begin?: string;
  readonly stop: FindStop;
  /** Of the monotonic clock. */
  readonly deadline: number;
}

/** Reads a session's output until it stops, the time is over (`late`), or the shell has ended (`ended`). What came is in `heard`. */
export async function listen(
  { guest: { sessions }, clock, signal }: Pick<ToolContext, "guest" | "clock" | "signal">,
  name: string,
  { from, begin, stop, deadline }: Wanted,
): Promise<{ heard: Heard; found: Stop | "late" | "ended" }> {
  const heard = new Heard();
  let offset = from;
  let begun = begin === undefined;
  for (;;) {
    const left = deadline - clock.monotonic();
    const waitMs = Math.max(0, Math.ceil(Math.min(left, longestWaitMs)));
    const page = await sessions.output(name, { offset, limit: pageBytes, waitMs, quietMs: 0 }, { signal });
    heard.add(page.bytes, page.offset - offset);
    offset = page.offset + page.bytes.length;
    let fresh = page.bytes.length;
    if (!begun && begin !== undefined) {
      const at = heard.bytes.indexOf(begin);
      begun = at !== -1;
      heard.from(begun ? at + begin.length : Math.max(0, heard.bytes.length - begin.length));
      fresh = heard.bytes.length;
    }
    const found = begun ? stop(heard, fresh) : undefined;
    if (found) return { heard, found };
    if (page.ended && offset >= page.totalBytes) return { heard, found: "ended" };
    if (left <= 0) return { heard, found: "late" };
  }
}
