import { z } from "zod";
import { CallControl } from "../shell/call-control.ts";
import { sourceOf } from "../shell/io.ts";
import { runProgram } from "../shell/run.ts";
import { say, ShellKilled, type Program, type Shell } from "../shell/shell.ts";
import { GuestFault } from "../tree/fault.ts";
import type { FileTree } from "../tree/file-tree.ts";
import { Capture } from "./capture.ts";

const mebibyte = 1024 * 1024;

export const execRequest = z.object({
  call_id: z.string().min(1).max(256),
  argv: z.array(z.string()).min(1),
  otherwise: z.array(z.string()).default([]),
  cwd: z.string().default(""),
  env: z.record(z.string(), z.string()).default({}),
  stdin: z.string().max(mebibyte).default(""),
  timeout_ms: z.number().int().min(1).max(86_400_000),
  head_bytes: z.number().int().min(0).max(mebibyte),
  tail_bytes: z.number().int().min(0).max(mebibyte),
  user: z.enum(["tool", "root"]).default("tool"),
});
export type ExecRequest = z.infer<typeof execRequest>;

export interface Machine {
  readonly tree: FileTree;
  readonly workspace: string;
  readonly bootId: string;
  readonly programs: ReadonlyMap<string, Program>;
}

type Outcome =
  | { type: "exited"; code: number }
  | { type: "signaled"; signal: string }
  | { type: "timed_out" }
  | { type: "cancelled" };

export interface ExecResult {
  readonly call_id: string;
  readonly outcome: Outcome;
  readonly [field: string]: unknown;
}

/** One command: its output while it runs, its result afterwards. */
export class ExecCall {
  readonly stdout: Capture;
  readonly stderr: Capture;
  readonly done: Promise<ExecResult>;
  readonly #request: ExecRequest;
  readonly #control = new CallControl();
  readonly #ended = Promise.withResolvers<Outcome>();
  #result: ExecResult | undefined;

  /** @throws GuestFault when `cwd` is no directory of the workspace */
  constructor(machine: Machine, request: ExecRequest) {
    this.#request = request;
    this.stdout = new Capture(request.head_bytes, request.tail_bytes);
    this.stderr = new Capture(request.head_bytes, request.tail_bytes);
    const place = machine.tree.find(request.cwd, { beneath: machine.workspace });
    if (place.node.type !== "directory") throw new GuestFault("not_directory", `${request.cwd} is no directory.`);
    this.done = this.#run(machine, place.path);
  }

  get result(): ExecResult | undefined {
    return this.#result;
  }

  /** What runs, were these processes: the first one and the background jobs. */
  get processes(): number {
    return (this.#result === undefined ? 1 : 0) + this.#control.jobs;
  }

  cancel(): void {
    this.#ended.resolve({ type: "cancelled" });
  }

  async #run(machine: Machine, cwd: string): Promise<ExecResult> {
    const { call_id, timeout_ms } = this.#request;
    const startedAt = performance.now();
    const timer = setTimeout(() => this.#ended.resolve({ type: "timed_out" }), timeout_ms).unref();
    const work = this.#interpret(machine, cwd).then(this.#ended.resolve);
    const outcome = await this.#ended.promise;
    clearTimeout(timer);
    const survivors_killed = this.#control.jobs;
    this.#control.kill();
    await work;
    await this.#control.jobsEnded();
    this.#result = {
      call_id,
      boot_id: machine.bootId,
      outcome,
      stdout: this.stdout.text(),
      stderr: this.stderr.text(),
      duration_ms: Math.round(performance.now() - startedAt),
      user_ms: 0,
      system_ms: 0,
      max_rss_bytes: 0,
      survivors_killed,
    };
    return this.#result;
  }

  async #interpret(machine: Machine, cwd: string): Promise<Outcome> {
    const { argv, otherwise, env, stdin, user } = this.#request;
    const isThere = argv[0]?.includes("/") || machine.programs.has(argv[0] ?? "");
    const [name = "", ...args] = isThere || otherwise.length === 0 ? argv : otherwise;
    const shell: Shell = {
      tree: machine.tree,
      workspace: machine.workspace,
      programs: machine.programs,
      user,
      call: this.#control,
      env: new Map(Object.entries(env)),
      parameters: [name],
      stdin: sourceOf(Buffer.from(stdin)),
      stdout: this.stdout,
      stderr: this.stderr,
      cwd,
      lastStatus: 0,
    };
    try {
      return { type: "exited", code: await runProgram(shell, name, args) };
    } catch (thrown) {
      if (thrown instanceof ShellKilled) return { type: "signaled", signal: thrown.signal };
      if (this.#control.signal.aborted) return { type: "cancelled" };
      await say(this.stderr, `${name}: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
      return { type: "exited", code: 1 };
    }
  }
}
