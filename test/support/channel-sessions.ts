import { BerthError } from "../../src/core/errors.ts";
import type { Sessions, SessionState, TerminalSize } from "../../src/guest/sessions.ts";
import { noSessions } from "./no-sessions.ts";

/** What a program does with a line: what it writes, or null when it ends. */
export type OnLine = (line: string, nth: number) => string | null;

interface Running {
  readonly onLine: OnLine;
  readonly typed: Map<string, number>;
  held: string;
  lines: number;
  output: Buffer;
  ended: boolean;
  wake: PromiseWithResolvers<void>;
}

/** The channels of a guest, in memory: each is a program that answers lines; `begin` makes the one that the next opening starts. */
export class ChannelSessions implements Sessions {
  /** Of every program that was started: the lines that it was sent. */
  readonly sent: string[][] = [];
  readonly #begin: () => OnLine;
  readonly #running = new Map<string, Running>();

  constructor(begin: () => OnLine) {
    this.#begin = begin;
  }

  async open({ name }: { name: string }): Promise<SessionState> {
    const lines: string[] = [];
    this.sent.push(lines);
    const program = this.#begin();
    this.#running.set(name, {
      onLine: (line, nth) => {
        lines.push(line);
        return program(line, nth);
      },
      typed: new Map(),
      held: "",
      lines: 0,
      output: Buffer.alloc(0),
      ended: false,
      wake: Promise.withResolvers(),
    });
    return await this.state(name);
  }

  list = () => noSessions.list();
  resize = (name: string, size: TerminalSize) => noSessions.resize(name, size);
  interrupt = (name: string) => noSessions.interrupt(name);

  async state(name: string): Promise<SessionState> {
    const { output, ended } = this.#of(name);
    return {
      name,
      kind: "channel",
      state: ended ? "ended" : "running",
      outcome: ended ? { type: "exited", code: 0 } : null,
      foreground: "",
      cwd: "",
      busy: false,
      rows: 24,
      columns: 80,
      firstByte: 0,
      totalBytes: output.length,
    };
  }

  async output(
    name: string,
    { offset, limit }: { offset: number; limit: number },
    { signal }: { signal?: AbortSignal } = {},
  ) {
    const one = this.#of(name);
    while (one.output.length <= offset && !one.ended) {
      const gone = Promise.withResolvers<never>();
      signal?.addEventListener("abort", () => gone.reject(signal.reason), { once: true });
      signal?.throwIfAborted();
      await Promise.race([one.wake.promise, gone.promise]);
    }
    const bytes = one.output.subarray(offset, offset + limit);
    return { bytes, offset, totalBytes: one.output.length, ended: one.ended };
  }

  async input(name: string, bytes: Uint8Array, { writer, offset }: { writer: string; offset: number }) {
    const one = this.#of(name);
    const typed = one.typed.get(writer) ?? 0;
    if (typed < offset) throw new BerthError("invalid_arguments", "that is not what follows");
    const more = Buffer.from(bytes).subarray(typed - offset);
    one.typed.set(writer, typed + more.length);
    one.held += more.toString("utf8");
    for (let end = one.held.indexOf("\n"); end !== -1 && !one.ended; end = one.held.indexOf("\n")) {
      const said = one.onLine(one.held.slice(0, end), one.lines++);
      one.held = one.held.slice(end + 1);
      if (said === null) one.ended = true;
      else one.output = Buffer.concat([one.output, Buffer.from(said)]);
    }
    one.wake.resolve();
    one.wake = Promise.withResolvers();
    return typed + more.length;
  }

  async close(name: string): Promise<SessionState> {
    const one = this.#of(name);
    one.ended = true;
    one.wake.resolve();
    return await this.state(name);
  }

  #of(name: string): Running {
    const one = this.#running.get(name);
    if (!one) throw new BerthError("unknown_session", `none is named ${name}`);
    return one;
  }
}
