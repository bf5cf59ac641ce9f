import { spawn, type ChildProcessByStdio } from "node:child_process";
import type { Readable } from "node:stream";
import { BerthError } from "../core/errors.ts";
import { paced } from "../core/pace.ts";
import { allowedProtocols } from "./origin.ts";

/** Silence from git for this long ends it: a server that stalls must not hold a build. */
const SILENCE_MS = 120_000;
/** For git to take away what it had begun, once it is told to end. */
const TIDY_MS = 2_000;
/** Of what git says on standard output, kept whole. */
const MAX_OUTPUT_BYTES = 400_000_000;
/** Of what it says on standard error, the end is kept. */
const ERROR_CHARACTERS = 16_384;

const HARMLESS = [
  "core.hooksPath=/dev/null",
  "core.fsmonitor=false",
  "submodule.recurse=false",
  "fetch.recurseSubmodules=false",
  "protocol.ext.allow=never",
  "gc.auto=0",
  // What comes stays one pack, whose size can be watched and whose large files are never whole in memory.
  "fetch.unpackLimit=1",
  "http.followRedirects=initial",
  // A transfer that nobody waits for any more, because the controller was killed, ends by itself.
  "http.lowSpeedLimit=1",
  `http.lowSpeedTime=${SILENCE_MS / 1000}`,
  "core.protectHFS=true",
  "core.protectNTFS=true",
  "maintenance.auto=false",
  "advice.detachedHead=false",
];

/** Only what git needs to reach an origin: a person's credentials, proxies and certificates, and nothing that names programs. */
const PASSED_ON =
  /^(?:HOME|PATH|USER|LANG|LC_.*|SSH_AUTH_SOCK|SSL_CERT_FILE|SSL_CERT_DIR|GIT_SSL_CAINFO|GIT_SSL_CAPATH|https?_proxy|no_proxy|all_proxy)$/i;

export interface GitOptions {
  /** The process environment that git's is chosen from. */
  readonly processEnv: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
  /** True for repositories of ours, which no one's configuration may bend. */
  readonly isolated: boolean;
  readonly onProgress?: ((message: string) => void) | undefined;
}

/** Most memory that git takes at once: a small pack can describe an object of any size. */
const ALLOCATION_LIMIT = "2g";

/** These say how far they are, so that one which takes long is not taken for one which stalls. */
const TELLS_PROGRESS: ReadonlySet<string> = new Set(["fetch", "checkout"]);
const PROGRESS = /^(?:remote: )?([^:\r\n]+): +(\d+)% \((\d+)\/(\d+)\)/;

/** git in `dir`, with hooks, submodules and odd transports off. Never used in a tree that a policy touched. */
export function gitIn(dir: string, options: GitOptions): Git {
  return new Git(dir, options);
}

/** Each command runs in a process group of its own, which is gone when the command has ended, however it did. */
export class Git {
  readonly #dir: string;
  readonly #env: Record<string, string>;
  readonly #config: readonly string[];
  readonly #signal: AbortSignal | undefined;
  readonly #onProgress: ((message: string) => void) | undefined;

  constructor(dir: string, { processEnv, signal, isolated, onProgress }: GitOptions) {
    const passed = Object.entries(processEnv).filter(
      (entry): entry is [string, string] => PASSED_ON.test(entry[0]) && entry[1] !== undefined,
    );
    this.#dir = dir;
    this.#signal = signal;
    this.#onProgress = onProgress && paced(onProgress);
    this.#config = isolated ? [...HARMLESS, "core.attributesFile=/dev/null", "core.excludesFile=/dev/null"] : HARMLESS;
    this.#env = {
      ...Object.fromEntries(passed),
      GIT_TERMINAL_PROMPT: "0",
      GIT_ALLOC_LIMIT: ALLOCATION_LIMIT,
      GIT_ALLOW_PROTOCOL: allowedProtocols.join(":"),
      ...(isolated ? { GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null", GIT_ATTR_NOSYSTEM: "1" } : {}),
    };
  }

  /** What the command says. @throws the signal's reason; Error with what git said when it failed or fell silent for 120 s */
  async raw(...args: readonly string[]): Promise<string> {
    const pieces: Buffer[] = [];
    let bytes = 0;
    await this.read(args, (piece) => {
      bytes += piece.length;
      if (bytes > MAX_OUTPUT_BYTES)
        throw new BerthError("repository_refused", `git ${args[0]} says more than ${MAX_OUTPUT_BYTES} bytes.`);
      pieces.push(piece);
    });
    return Buffer.concat(pieces).toString("utf8");
  }

  /** As `raw`, with what the command says piece by piece; what `take` throws ends it. */
  async read(args: readonly string[], take: (piece: Buffer) => void): Promise<void> {
    this.#signal?.throwIfAborted();
    const [command = "", ...rest] = args;
    const progress = TELLS_PROGRESS.has(command) ? ["--progress"] : [];
    const config = this.#config.flatMap((setting) => ["-c", setting]);
    const child = spawn("git", [...config, command, ...progress, ...rest], {
      cwd: this.#dir,
      env: this.#env,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    await this.#untilEnded(command, child, take);
  }

  #untilEnded(
    command: string,
    child: ChildProcessByStdio<null, Readable, Readable>,
    take: (piece: Buffer) => void,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      let said = "";
      let reason: unknown;
      let killing: NodeJS.Timeout | undefined;
      const end = (why: unknown) => {
        reason ??= why;
        killGroup(child.pid, "SIGTERM");
        killing ??= setTimeout(() => killGroup(child.pid, "SIGKILL"), TIDY_MS);
      };
      const onSilence = () => end(new Error(`fatal: git ${command} said nothing for ${SILENCE_MS / 1000} seconds`));
      const silence = setTimeout(onSilence, SILENCE_MS);
      const onAbort = () => end(this.#signal?.reason);
      this.#signal?.addEventListener("abort", onAbort, { once: true });
      const settle = (outcome: () => void) => {
        clearTimeout(silence);
        clearTimeout(killing);
        this.#signal?.removeEventListener("abort", onAbort);
        killGroup(child.pid, "SIGKILL");
        outcome();
      };
      child.stdout.on("data", (piece: Buffer) => {
        silence.refresh();
        if (reason !== undefined) return;
        try {
          take(piece);
        } catch (error) {
          end(error);
        }
      });
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        silence.refresh();
        said = (said + text).slice(-ERROR_CHARACTERS);
        this.#tell(command, text);
      });
      child.once("error", (error) => settle(() => reject(error)));
      child.once("close", (code) =>
        settle(() => {
          if (reason !== undefined) reject(reason);
          else if (code === 0) resolve();
          else reject(new Error(said.trim() || `git ${command} ended with ${code}`));
        }),
      );
    });
  }

  #tell(command: string, text: string): void {
    if (!this.#onProgress) return;
    for (const line of text.split(/[\r\n]/)) {
      const [, stage, percent, processed, total] = PROGRESS.exec(line) ?? [];
      if (stage !== undefined)
        this.#onProgress(`git ${command}: ${stage.toLowerCase()} ${percent} % (${processed} of ${total})`);
    }
  }
}

/** Helpers of git, such as the one that speaks HTTP, do not end with it. */
function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // It has ended, or only a helper under another user is left.
    if (!["ESRCH", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}
