import { spawn, type ChildProcessByStdio } from "node:child_process";
import { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import { z } from "zod";
import { withDeadline } from "../../core/deadline.ts";
import { BerthError } from "../../core/errors.ts";

/** On top of a run's own time: for the starter to end it and to say so. */
const ANSWER_GRACE_MS = 5_000;
/** Replies are a line of a few numbers. */
const MAX_LINE_CHARACTERS = 65_536;

const reply = z.object({ id: z.number().int(), code: z.number().int(), error: z.string().optional() });
type Reply = z.infer<typeof reply>;

export interface StartRequest {
  /** Of the guest's binary, which runs with them. */
  readonly args: readonly string[];
  /** The file that takes its output: a detached container inherits the descriptors, and would hold a pipe for as long as it lives. */
  readonly log: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs launchers by way of `guest starter`, one process for all. Forking stops the event loop until the child has executed its program,
 * which on a busy machine is tens of milliseconds.
 */
export class Starter {
  readonly #binary: string;
  #session: Session | undefined;
  #lastId = 0;

  constructor(binary: string) {
    this.#binary = binary;
  }

  /**
   * The exit code, or -1 when a signal ended it, as happens at the timeout and when `signal` aborts.
   * @throws BerthError `sandbox_create_failed` when it could not be started
   */
  async run({ args, log, timeoutMs, signal }: StartRequest): Promise<number> {
    signal?.throwIfAborted();
    const session = (this.#session ??= new Session(this.#binary, () => (this.#session = undefined)));
    const id = ++this.#lastId;
    const cancel = () => session.tell({ id, cancel: true });
    signal?.addEventListener("abort", cancel, { once: true });
    try {
      return await withDeadline(
        "The start of a sandbox",
        timeoutMs + ANSWER_GRACE_MS,
        () => session.ask(id, { id, args, log, timeout_ms: timeoutMs }),
        { code: "sandbox_create_failed" },
      );
    } finally {
      signal?.removeEventListener("abort", cancel);
      session.forget(id);
    }
  }

  /** Runs that are under way go on; the starter ends after them. */
  close(): void {
    this.#session?.end();
  }
}

/** One life of the starter's process. The event loop is kept alive by it only while something is asked. */
class Session {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #asked = new Map<number, (answer: Reply | Error) => void>();
  readonly #ended: () => void;
  #text = "";

  constructor(binary: string, ended: () => void) {
    this.#ended = ended;
    // A group of its own: an interrupt at the terminal is the controller's to act on.
    this.#process = spawn(binary, ["starter"], { stdio: ["pipe", "pipe", "ignore"], detached: true });
    this.#process.stdin.on("error", () => {});
    this.#process.stdout.on("error", () => {});
    this.#process.stdout.setEncoding("utf8").on("data", (text: string) => this.#read(text));
    this.#process.once("error", (error) => this.#fail(error));
    this.#process.once("close", () => this.#fail(new Error("the process that starts sandboxes has ended")));
    this.#holdLoop(false);
  }

  async ask(id: number, request: object): Promise<number> {
    const answer = await new Promise<Reply | Error>((resolve) => {
      this.#asked.set(id, resolve);
      this.#holdLoop(true);
      this.tell(request);
    });
    if (answer instanceof Error) throw notStarted(answer.message);
    if (answer.error !== undefined) throw notStarted(answer.error);
    return answer.code;
  }

  forget(id: number): void {
    // One that was not answered in its time can be trusted with no other.
    if (this.#asked.delete(id)) this.#process.kill("SIGKILL");
    this.#holdLoop(this.#asked.size > 0);
  }

  tell(request: object): void {
    this.#process.stdin.write(`${JSON.stringify(request)}\n`);
  }

  end(): void {
    this.#ended();
    this.#process.stdin.end();
  }

  #read(text: string): void {
    const lines = (this.#text + text).split("\n");
    this.#text = lines.pop() ?? "";
    if (this.#text.length > MAX_LINE_CHARACTERS) this.#process.kill("SIGKILL");
    for (const line of lines) this.#take(line);
  }

  #take(line: string): void {
    const answer = readReply(line);
    if (answer === undefined) {
      this.#process.kill("SIGKILL");
      return;
    }
    const answered = this.#asked.get(answer.id);
    this.#asked.delete(answer.id);
    answered?.(answer);
  }

  #fail(cause: Error): void {
    this.#ended();
    for (const answered of this.#asked.values()) answered(cause);
    this.#asked.clear();
  }

  #holdLoop(held: boolean): void {
    const { stdin, stdout } = this.#process;
    // Pipes are sockets, which their type does not say.
    const handles = [this.#process, ...[stdin, stdout].filter((pipe) => pipe instanceof Socket)];
    for (const handle of handles) {
      if (held) handle.ref();
      else handle.unref();
    }
  }
}

/** Undefined for what no starter says. */
function readReply(line: string): Reply | undefined {
  try {
    return reply.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

const notStarted = (why: string) => new BerthError("sandbox_create_failed", `A sandbox could not be started: ${why}.`);
