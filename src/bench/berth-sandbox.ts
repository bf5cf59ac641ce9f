import type { ToolCallResult } from "../model/tool-call.ts";
import type { CommandAnswer } from "./sample.ts";
import type { Trainer } from "./trainer.ts";

/** A rollout with its sandbox, used through the API alone; deleted when its scope ends. */
export class BerthSandbox implements AsyncDisposable {
  readonly #trainer: Trainer;
  readonly id: string;
  #deleted = false;

  private constructor(trainer: Trainer, id: string) {
    this.#trainer = trainer;
    this.id = id;
  }

  /** Does not wait for the sandbox: the first call does. */
  static async create(trainer: Trainer, environment: string, group?: string): Promise<BerthSandbox> {
    const { rollout_id } = await trainer.create(environment, group === undefined ? {} : { group });
    return new BerthSandbox(trainer, rollout_id);
  }

  call(tool: string, args: Readonly<Record<string, unknown>>): Promise<ToolCallResult> {
    return this.#trainer.call(this.id, tool, args);
  }

  /** A command line through the tool `shell`. */
  async shell(command: string): Promise<CommandAnswer> {
    const { outcome, stdout } = await this.call("shell", { command });
    return { exit_code: outcome?.type === "exited" ? outcome.code : null, stdout: `${stdout?.head}${stdout?.tail}` };
  }

  async delete(): Promise<void> {
    await this.#trainer.delete(this.id);
    this.#deleted = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#deleted) await this.delete();
  }
}
