import type { ExecOutcome } from "../model/tool-call.ts";
import type { RequestOptions } from "./request-options.ts";

/** In characters, 1 to 1000 each. */
export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

/** How a session's program and the controller speak: at a pseudo-terminal, or over a socket that is the program's descriptor 0. */
export type SessionKind = "terminal" | "channel";

export interface OpenSession extends Partial<TerminalSize> {
  /** 1 to 64 letters, digits, dots, dashes and underscores. */
  readonly name: string;
  /** Opening again by the same call gives the session that is there. */
  readonly callId: string;
  readonly kind: SessionKind;
  readonly argv: readonly string[];
  /** Started where the program of `argv` does not exist. */
  readonly otherwise?: readonly string[];
  /** A path beneath the workspace; the workspace when it is left out. */
  readonly cwd?: string;
  /** Laid over what the image declares. */
  readonly env: Readonly<Record<string, string>>;
}

export interface SessionState extends TerminalSize {
  readonly name: string;
  readonly kind: SessionKind;
  readonly state: "running" | "ended";
  /** Null while it runs. */
  readonly outcome: ExecOutcome | null;
  /** The program that has the terminal, and where it is; empty where that cannot be known. Read from /proc, never from the screen. */
  readonly foreground: string;
  readonly cwd: string;
  /** Another program than the first has the terminal. */
  readonly busy: boolean;
  /** Offsets of the oldest byte that is kept and behind the last one that came. */
  readonly firstByte: number;
  readonly totalBytes: number;
}

export interface SessionOutput {
  readonly bytes: Buffer;
  /** Where `bytes` begin: beyond what was asked for when older ones are not kept any more. */
  readonly offset: number;
  readonly totalBytes: number;
  /** Nothing comes after `totalBytes`. */
  readonly ended: boolean;
}

export interface OutputWanted {
  /** What lies before it counts as received: a channel makes room for as much. */
  readonly offset: number;
  /** At most 256 KiB. */
  readonly limit: number;
  /** For the first byte, at most 60 s. */
  readonly waitMs?: number;
  /** Wait on until nothing came for so long, within `waitMs`. */
  readonly quietMs?: number;
}

/**
 * Programs that outlive the request which starts them, and the controller that asked for it: at most 16 run, the last 32 are known. Of the output of a
 * terminal the last 512 KiB are kept; whoever writes faster to a channel than it is read waits. When the first process ends, all that it started is killed.
 *
 * Throws BerthError as `Guest` does, besides `unknown_session`, `session_exists`, `session_limit`.
 */
export interface Sessions {
  open(request: OpenSession, options?: RequestOptions): Promise<SessionState>;
  state(name: string, options?: RequestOptions): Promise<SessionState>;
  list(options?: RequestOptions): Promise<readonly SessionState[]>;
  output(name: string, wanted: OutputWanted, options?: RequestOptions): Promise<SessionOutput>;
  /**
   * Types at most 64 KiB. `offset` is where they belong in all that `writer` types: what came before is not typed again. Gives how many bytes of the writer have
   * been typed: fewer than were sent when the program did not read them within `waitMs`, or has ended.
   */
  input(
    name: string,
    bytes: Uint8Array,
    from: { writer: string; offset: number; waitMs: number },
    options?: RequestOptions,
  ): Promise<number>;
  resize(name: string, size: TerminalSize, options?: RequestOptions): Promise<void>;
  /** SIGINT to the first process and its group. */
  interrupt(name: string, options?: RequestOptions): Promise<void>;
  /** Kills all of it and verifies that; its output stays readable until its name or its place is needed. */
  close(name: string, options?: RequestOptions): Promise<SessionState>;
}
