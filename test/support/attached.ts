import { execa } from "execa";
import { expect } from "vitest";
import { berthProgram, cleanEnvironment, controllerKey } from "./controller-process.ts";

/** `berth rollout attach` as a process of its own, typed into and read. */
export class Attached implements AsyncDisposable {
  readonly #child: ReturnType<typeof start>;
  #shown = "";
  #notes = "";

  constructor(url: string, args: readonly string[]) {
    this.#child = start(url, args);
    this.#child.stdout.on("data", (chunk: Buffer) => (this.#shown += chunk.toString()));
    this.#child.stderr.on("data", (chunk: Buffer) => (this.#notes += chunk.toString()));
  }

  /** Everything that came from the terminal. */
  get shown(): string {
    return this.#shown;
  }

  type(text: string): void {
    this.#child.stdin.write(text);
  }

  async untilShown(text: string): Promise<void> {
    await expect.poll(() => this.#shown, { timeout: 30_000 }).toContain(text);
  }

  async untilNoted(text: string): Promise<void> {
    await expect.poll(() => this.#notes, { timeout: 30_000 }).toContain(text);
  }

  /** The exit code. */
  async ended(): Promise<number | undefined> {
    return (await this.#child).exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child;
  }
}

function start(url: string, args: readonly string[]) {
  return execa(process.execPath, [berthProgram, "rollout", "attach", ...args], {
    env: { ...cleanEnvironment(), BERTH_URL: url, BERTH_API_KEY: controllerKey },
    extendEnv: false,
    stdin: "pipe",
    buffer: false,
    reject: false,
    timeout: 120_000,
  });
}
