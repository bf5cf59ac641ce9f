import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { rollout, type Rollout } from "../../src/model/rollout.ts";
import { trajectory, type TrajectoryRecord } from "../../src/model/trajectory.ts";

const repository = resolve(import.meta.dirname, "../..");
export const berthProgram = join(repository, "src/main.ts");

/** The key of controllers under test. */
export const controllerKey = "key-of-the-end-to-end-tests";

/** The process environment without the settings of whoever runs the tests, but for where Docker and the guest are. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const kept = ["BERTH_DOCKER_HOST", "BERTH_GUEST_BINARY"];
  const entries = Object.entries(process.env).filter(([name]) => !name.startsWith("BERTH_") || kept.includes(name));
  // Dozens of processes load the same sources.
  const cache = join(repository, "node_modules/.cache/compiled");
  // What waits started for others belongs to nobody whose traces are looked for.
  return { NODE_COMPILE_CACHE: cache, BERTH_POOL_SANDBOXES: "0", ...Object.fromEntries(entries) };
}

export interface CommandRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** `berth ARGS` as a child process, with no input; ended after `timeoutMs`. */
export async function berth(
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; cwd?: string; timeoutMs?: number } = {},
): Promise<CommandRun> {
  const { env = {}, cwd, timeoutMs = 60_000 } = options;
  const child = await execa(process.execPath, [berthProgram, ...args], {
    env: { ...cleanEnvironment(), ...env },
    extendEnv: false,
    stdin: "ignore",
    stripFinalNewline: true,
    reject: false,
    timeout: timeoutMs,
    ...(cwd === undefined ? {} : { cwd }),
  });
  if (child.timedOut) throw new Error(`berth ${args.join(" ")} took more than ${timeoutMs} ms:\n${child.stderr}`);
  return { code: child.exitCode ?? -1, stdout: child.stdout, stderr: child.stderr };
}

/** A folder for a controller's data; removed with whatever is in it. */
export async function dataDirectory(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), "berth-e2e-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: ReturnType<typeof JSON.parse>;
}

export type Method = "GET" | "POST" | "PUT" | "DELETE";

export interface SendOptions {
  /** Instead of the controller's key; null sends none. */
  readonly key?: string | null;
  /** The body as it is, instead of `body` as JSON. */
  readonly raw?: { readonly text: string; readonly type: string };
  /** Milliseconds until the client gives up; two minutes when it is left out. */
  readonly timeoutMs?: number;
  /** The client goes away when it aborts. */
  readonly signal?: AbortSignal;
}

/** A running `berth serve`. */
export class ControllerProcess implements AsyncDisposable {
  readonly url: string;
  readonly provider: string;
  readonly dataDir: string;
  readonly #child: ReturnType<typeof spawn>;
  #ended = false;

  private constructor(child: ReturnType<typeof spawn>, dataDir: string, address: { url: string; provider: string }) {
    this.#child = child;
    this.dataDir = dataDir;
    this.url = address.url;
    this.provider = address.provider;
    void child.then(() => (this.#ended = true));
  }

  /** Resolves when it listens. */
  static async start(options: {
    backend: string;
    dataDir: string;
    flags?: readonly string[];
    /** Instead of the product's own entry. */
    entry?: string;
    env?: NodeJS.ProcessEnv;
  }): Promise<ControllerProcess> {
    const { backend, dataDir, flags = [], entry = berthProgram, env = {} } = options;
    const child = spawn(entry, ["--provider", backend, "--data-dir", dataDir, ...flags], env);
    let said = "";
    const address = await new Promise<{ url: string; provider: string }>((listens, fail) => {
      child.stdout.on("data", (chunk: Buffer) => {
        said += chunk.toString();
        if (said.includes("}")) listens(JSON.parse(said) as { url: string; provider: string });
      });
      void child.then(({ exitCode, stderr }) => fail(new Error(`berth serve ended with ${exitCode}:\n${stderr}`)));
    });
    return new ControllerProcess(child, dataDir, address);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves with the signal that ended it, or undefined when it ended by itself. */
  async ended(): Promise<NodeJS.Signals | undefined> {
    return (await this.#child).signal;
  }

  /** The end of what it wrote to standard error, once it has ended. */
  async lastWords(): Promise<string> {
    return (await this.#child).stderr.slice(-2_000);
  }

  async send(method: Method, path: string, body?: unknown, options: SendOptions = {}): Promise<Reply> {
    const { key = controllerKey, raw, timeoutMs = 120_000, signal } = options;
    const sent = raw ?? (body === undefined ? undefined : { text: JSON.stringify(body), type: "application/json" });
    const reply = await fetch(this.url + path, {
      method,
      headers: {
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(sent ? { "content-type": sent.type } : {}),
      },
      ...(sent ? { body: sent.text } : {}),
      signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])]),
    });
    const text = await reply.text();
    const isJson = reply.headers.get("content-type")?.startsWith("application/json") === true;
    return { status: reply.status, headers: reply.headers, body: isJson ? JSON.parse(text) : text };
  }

  /** A rollout by its path. */
  async rollout(path: string): Promise<Rollout> {
    return rollout.parse((await this.send("GET", path)).body);
  }

  async trajectory(path: string): Promise<TrajectoryRecord[]> {
    return trajectory.parse((await this.send("GET", `${path}/trajectory`)).body).records;
  }

  /** A command of the client kind, told where this controller is. */
  cli(args: readonly string[], options: { cwd?: string } = {}): Promise<CommandRun> {
    return berth(args, { ...options, env: { BERTH_URL: this.url, BERTH_API_KEY: controllerKey } });
  }

  /** Ends it and gives its exit code; null when a signal ended it. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    this.#child.kill(signal);
    const { exitCode } = await this.#child;
    return exitCode ?? null;
  }

  /** Ends every rollout that still has a sandbox, then the controller. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) {
      const { body } = await this.send("GET", "/v1/rollouts?limit=500&status=queued,preparing,active,grading");
      for (const { rollout_id } of body.rollouts as { rollout_id: string }[])
        await this.send("DELETE", `/v1/rollouts/${rollout_id}`);
      await this.end("SIGTERM");
    }
  }
}

function spawn(entry: string, flags: readonly string[], env: NodeJS.ProcessEnv) {
  return execa(process.execPath, [entry, "serve", "--port", "0", "--log-level", "warn", "--json", ...flags], {
    env: { ...cleanEnvironment(), BERTH_API_KEYS: controllerKey, ...env },
    extendEnv: false,
    stdin: "ignore",
    reject: false,
    cleanup: true,
    forceKillAfterDelay: false,
  });
}
