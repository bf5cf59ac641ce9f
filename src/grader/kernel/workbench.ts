import type { IdSource } from "../../core/ids.ts";
import type { KernelGraderSpec } from "../../model/graders/kernel.ts";
import { quoted } from "../clean-run/quoted.ts";
import { runCommand, type CommandRun } from "../clean-run/run-command.ts";
import { place } from "../clean-run/workspace-files.ts";
import type { GradingSandbox } from "../grader.ts";
import { harnessSource, sizeNames } from "./harness.ts";

/** Programs are small; what is larger was not built here. In bytes. */
const mostProgramBytes = 8 * 1024 ** 2;

export interface WorkbenchOptions {
  readonly spec: KernelGraderSpec;
  readonly ids: IdSource;
  readonly signal: AbortSignal;
  /** Of one command. */
  readonly timeoutMs: number;
}

export interface RunRequest {
  /** 16 hex digits. */
  readonly seed: string;
  readonly sizes: Readonly<Record<string, number>>;
  readonly timeoutMs?: number;
}

/** A folder of a clean sandbox in which sources are compiled and timed by the guest's clock, a process of its own for each run. */
export class Workbench {
  readonly #sandbox: GradingSandbox;
  readonly #options: WorkbenchOptions;
  readonly #folder: string;
  readonly #built = new Map<string, Buffer>();

  constructor(sandbox: GradingSandbox, options: WorkbenchOptions) {
    this.#sandbox = sandbox;
    this.#options = options;
    this.#folder = `.berth-${options.ids.hex(8)}`;
  }

  /** The program that calls libraries; under `exact` over doubles. Undefined when it stands, else what the compiler said. */
  program(name: string, exact: boolean): Promise<string | undefined> {
    return this.#compile(name, harnessSource(this.#options.spec, exact), ["-O2"], ["-ldl"]);
  }

  /** A library from one source. Undefined when it stands, else what the compiler said. */
  library(name: string, source: string, exact = false): Promise<string | undefined> {
    const flags = exact ? ["-O2"] : this.#options.spec.flags;
    return this.#compile(`${name}.so`, source, [...flags, "-fPIC", "-shared"], ["-lm", "-Wl,-z,now"]);
  }

  /** What a library takes from others, as `nm` lists it. */
  async imports(name: string): Promise<string | undefined> {
    const path = `${this.#folder}/${name}.so`;
    const { report, result } = await this.#run(`nm --dynamic --undefined-only ${quoted(path)}`, { from: "stdout" });
    return result.outcome.type === "exited" && result.outcome.code === 0 ? report?.toString("utf8") : undefined;
  }

  /** All outputs of the declared number of calls; `durationMs` of the result is the time of the process. */
  async run(program: string, library: string, { seed, sizes, timeoutMs }: RunRequest): Promise<CommandRun> {
    const { spec } = this.#options;
    const out = `${this.#folder}/out-${this.#options.ids.hex(4)}`;
    const { workdir } = this.#sandbox;
    const words = [
      `${workdir}/${this.#folder}/${program}`,
      `${workdir}/${this.#folder}/${library}.so`,
      spec.function,
      seed,
      String(spec.calls),
      out,
      ...sizeNames(spec).map((name) => String(sizes[name] ?? 1)),
    ];
    const run = await this.#run(`exec ${words.map(quoted).join(" ")}`, { from: "file", path: out }, timeoutMs);
    await this.#sandbox.guest.remove(out, { recursive: true }, { signal: this.#options.signal }).catch(() => undefined);
    return run;
  }

  /** Whether what was compiled is as it was: a run could have put other code in its place. */
  async unchanged(): Promise<boolean> {
    for (const [name, bytes] of this.#built) if ((await this.#bytesOf(name))?.equals(bytes) !== true) return false;
    return true;
  }

  async #compile(
    output: string,
    source: string,
    flags: readonly string[],
    libraries: readonly string[],
  ): Promise<string | undefined> {
    const { signal } = this.#options;
    const input = `${this.#folder}/${output}.c`;
    await place(this.#sandbox.guest, { path: input, content: Buffer.from(source), executable: false }, { signal });
    const words = ["cc", ...flags, "-o", `${this.#folder}/${output}`, input, ...libraries];
    const { result } = await this.#run(words.map(quoted).join(" "), { from: "stdout" });
    const built = await this.#bytesOf(output);
    if (result.outcome.type === "exited" && result.outcome.code === 0 && built !== undefined) {
      this.#built.set(output, built);
      return undefined;
    }
    return (result.stderr.head + result.stderr.tail).trim().slice(0, 2000) || "The compiler gave nothing.";
  }

  async #bytesOf(name: string): Promise<Buffer | undefined> {
    const { guest } = this.#sandbox;
    try {
      const path = `${this.#folder}/${name}`;
      const { bytes, size } = await guest.read(path, { limit: mostProgramBytes }, { signal: this.#options.signal });
      return size === bytes.length ? bytes : undefined;
    } catch {
      return undefined;
    }
  }

  #run(
    command: string,
    report: { from: "stdout" } | { from: "file"; path: string },
    timeoutMs = this.#options.timeoutMs,
  ) {
    const { ids, signal } = this.#options;
    return runCommand(this.#sandbox, { command, env: this.#sandbox.env, report }, { timeoutMs, signal, ids });
  }
}
