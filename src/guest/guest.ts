import type { Duplex } from "node:stream";
import type { CapturedStream, ExecOutcome } from "../model/tool-call.ts";
import type { TreeEntry } from "../model/change-set.ts";
import type { Probe, ProbeQuestion } from "./probe.ts";
import type { RequestOptions } from "./request-options.ts";
import type { Sessions } from "./sessions.ts";

export interface Handshake {
  readonly protocol: number;
  readonly version: string;
  readonly bootId: string;
  readonly root: string;
  readonly toolUid: number;
  readonly toolGid: number;
}

export interface ExecRequest {
  /** At most once per boot of the guest. */
  readonly callId: string;
  readonly argv: readonly string[];
  /** Started where the program of `argv` does not exist. */
  readonly otherwise?: readonly string[];
  /** A path beneath the workspace; the workspace when it is left out. */
  readonly cwd?: string;
  /** Laid over what the image declares. */
  readonly env: Readonly<Record<string, string>>;
  /** UTF-8, at most 1 MiB. */
  readonly stdin?: string;
  /** The guest kills the call then; the client waits some seconds longer for the answer. */
  readonly timeoutMs: number;
  readonly headBytes: number;
  readonly tailBytes: number;
  /** `root` only in sandboxes of a profile with `root_commands`. */
  readonly user?: "tool" | "root";
}

export interface ExecResult {
  readonly callId: string;
  readonly bootId: string;
  readonly outcome: ExecOutcome;
  readonly stdout: CapturedStream;
  readonly stderr: CapturedStream;
  readonly durationMs: number;
  readonly survivorsKilled: number;
}

/** A command that outlives the request that starts it, under a name that no running one has. */
export interface BackgroundRequest {
  /** 1 to 64 letters, digits, `.`, `_` or `-`. */
  readonly name: string;
  /** At most once per boot of the guest. */
  readonly callId: string;
  readonly argv: readonly string[];
  readonly otherwise?: readonly string[];
  readonly cwd?: string;
  readonly env: Readonly<Record<string, string>>;
  /** The guest kills it then; at most a day. */
  readonly timeoutMs: number;
}

export interface BackgroundState {
  readonly name: string;
  /** By which `output` reads what it wrote. */
  readonly callId: string;
  readonly state: "running" | "done" | "not_started";
  readonly runningMs: number;
  readonly stdoutBytes: number;
  readonly stderrBytes: number;
  /** How it ended. */
  readonly outcome: ExecOutcome | undefined;
}

export interface FileStat {
  readonly path: string;
  readonly type: "file" | "directory" | "link" | "other";
  readonly size: number;
  readonly mode: number;
  /** Of a link, as it was written. */
  readonly target?: string | undefined;
}

export interface FileLines {
  readonly text: string;
  readonly startLine: number;
  readonly endLine: number;
  readonly totalLines: number;
  readonly totalBytes: number;
  readonly truncated: boolean;
  readonly longLines: number;
}

export interface GrepRequest {
  /** RE2. */
  readonly pattern: string;
  readonly path?: string;
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly ignoreCase?: boolean;
  readonly fixed?: boolean;
  readonly before?: number;
  readonly after?: number;
  readonly maxMatches: number;
  readonly maxBytes: number;
  readonly timeoutMs: number;
}

export interface GrepMatch {
  readonly path: string;
  readonly line: number;
  readonly text: string;
  readonly before: readonly string[];
  readonly after: readonly string[];
}

export interface GrepResult {
  readonly matches: readonly GrepMatch[];
  readonly matchedFiles: number;
  readonly searchedFiles: number;
  readonly truncated: boolean;
  readonly timedOut: boolean;
}

/**
 * A sandbox's guest, as the controller uses it: docs/guest-protocol.md. All that comes back is attacker data that was
 * checked against a schema and a size. Paths are relative to the workspace or absolute beneath it.
 *
 * Every method throws BerthError: the policy codes of files (`outside_workspace`, `file_not_found`, `not_a_file`, …),
 * `sandbox_lost` when the guest is gone or another one answers, `guest_protocol` when its reply is not acceptable,
 * `deadline_exceeded`.
 */
export interface Guest {
  readonly handshake: Handshake;

  health(
    options?: RequestOptions,
  ): Promise<{ bootId: string; uptimeMs: number; processes: number; oomKills: number | null }>;

  /** The sandbox does not end itself within `forMs`, at most a day. @throws BerthError `sandbox_lost` when its time was up before */
  prolong(forMs: number, options?: RequestOptions): Promise<void>;

  exec(request: ExecRequest, options?: RequestOptions): Promise<ExecResult>;
  /** Ends a running call as `cancelled`. */
  cancel(callId: string, options?: RequestOptions): Promise<void>;
  /** A page of a call's output as it was written, also while it runs; at most 1 MiB. */
  output(
    callId: string,
    stream: "stdout" | "stderr",
    range: { offset: number; limit: number },
    options?: RequestOptions,
  ): Promise<{ bytes: Buffer; totalBytes: number; spooledBytes: number }>;

  /** Returns when its first process is there. At most 8 run at once. @throws BerthError `file_exists` when one of its name runs, `overloaded` */
  startBackground(request: BackgroundRequest, options?: RequestOptions): Promise<void>;
  /** The last commands of the last 32 names, in the order of their starts. */
  backgrounds(options?: RequestOptions): Promise<readonly BackgroundState[]>;
  /** Ends it with all that it started; returns when nothing of it runs. @throws BerthError `invalid_arguments` for an unknown name */
  stopBackground(name: string, options?: RequestOptions): Promise<BackgroundState>;

  /** At most 8 MiB of a regular file. */
  read(
    path: string,
    range?: { offset?: number; limit?: number },
    options?: RequestOptions,
  ): Promise<{ bytes: Buffer; size: number; mode: number }>;
  lines(
    path: string,
    range: { start: number; count: number; maxBytes: number },
    options?: RequestOptions,
  ): Promise<FileLines>;
  write(
    path: string,
    content: Uint8Array,
    how?: { createParents?: boolean; executable?: boolean; ifSha256?: string },
    options?: RequestOptions,
  ): Promise<{ bytes: number; sha256: string; created: boolean }>;
  remove(path: string, how?: { recursive?: boolean }, options?: RequestOptions): Promise<void>;
  /** Makes the directories above `to`. @throws BerthError `file_exists`: what is at `to` is never replaced */
  move(from: string, to: string, options?: RequestOptions): Promise<void>;
  /** Does not follow a last link. */
  stat(path: string, options?: RequestOptions): Promise<FileStat>;
  list(
    path: string,
    how: { depth: number; limit: number },
    options?: RequestOptions,
  ): Promise<{ entries: readonly { path: string; type: FileStat["type"]; size: number }[]; truncated: boolean }>;

  grep(request: GrepRequest, options?: RequestOptions): Promise<GrepResult>;
  glob(
    request: { pattern: string; path?: string; limit: number },
    options?: RequestOptions,
  ): Promise<{ paths: readonly string[]; truncated: boolean }>;

  /** Regular files that changed since the sandbox began, whoever changed them; .git and what was removed is not among them. */
  changed(
    how: { limit: number },
    options?: RequestOptions,
  ): Promise<{ files: readonly { path: string; size: number }[]; truncated: boolean }>;

  /** Every entry below the root but `exclude`, with the content's hash; for change sets. */
  tree(
    how: { exclude: readonly string[]; maxEntries: number; maxFileBytes: number },
    options?: RequestOptions,
  ): Promise<readonly TreeEntry[]>;

  /** Unpacks a tar stream; only in sandboxes of a profile with `root_commands`. */
  unpack(path: string, tar: NodeJS.ReadableStream, options?: RequestOptions): Promise<{ files: number; bytes: number }>;
  /** Gives the tree to the tool user; only in sandboxes of a profile with `root_commands`. */
  own(path: string, options?: RequestOptions): Promise<void>;

  /** Starts a process as a tool is started, which says what it is and what it can reach; meant for before any tool ran. */
  probe(question: ProbeQuestion, options?: RequestOptions): Promise<Probe>;

  /** Opens a port of the sandbox's own loopback to tools; only in sandboxes of a profile with `network: egress`. Again is harmless. */
  listenEgress(how: { port: number; maxConnections: number }, options?: RequestOptions): Promise<void>;
  /**
   * Waits, as long as the signal lets it, until a tool connects to that port, and gives the connection, which is the caller's
   * to destroy. Any number may wait at the same time.
   */
  acceptEgress(signal: AbortSignal): Promise<Duplex>;

  /** Programs that outlive the request which starts them. */
  readonly sessions: Sessions;

  /** Kills every process but the guest and verifies it. Ends egress and sessions. */
  quiesce(options?: RequestOptions): Promise<{ killed: number }>;

  /** Closes the streams; the sandbox goes on. */
  close(): Promise<void>;
}
