import { z } from "zod";
import {
  terminal,
  terminalOutput,
  terminalTyped,
  type OpenTerminalInput,
  type TerminalInput,
  type TerminalOutput,
  type TerminalReport,
} from "../model/terminal.ts";
import type { Requests } from "./requests.ts";

const second = 1000;
/** Beyond the longest preparation of a sandbox that the controller allows by default. */
const openMs = 3600 * second;

/** One terminal in a rollout's sandbox, by its name. Throws as every request of the client does. */
export class RemoteTerminal {
  readonly #requests: Requests;
  readonly #folder: string;
  readonly #path: string;
  readonly name: string;

  constructor(requests: Requests, rolloutId: string, name: string) {
    this.#requests = requests;
    this.#folder = `/v1/rollouts/${encodeURIComponent(rolloutId)}/terminals`;
    this.#path = `${this.#folder}/${encodeURIComponent(name)}`;
    this.name = name;
  }

  async open(input: Omit<OpenTerminalInput, "name">): Promise<TerminalReport> {
    const body = { ...input, name: this.name };
    return (await this.#requests.ask({ method: "POST", path: this.#folder, body, answer: terminal, timeoutMs: openMs }))
      .value;
  }

  async state(): Promise<TerminalReport> {
    return (await this.#requests.ask({ method: "GET", path: this.#path, answer: terminal })).value;
  }

  /** Waits for output beyond `offset`, at most `waitSeconds`. */
  async read(from: { offset: number; waitSeconds: number }, signal?: AbortSignal): Promise<TerminalOutput> {
    const path = `${this.#path}/output?offset=${from.offset}&wait_seconds=${from.waitSeconds}`;
    const timeoutMs = (from.waitSeconds + 30) * second;
    return (await this.#requests.ask({ method: "GET", path, answer: terminalOutput, timeoutMs, signal })).value;
  }

  /** Sent again, it types nothing twice. Gives how many bytes of the writer have been typed. */
  async type(typed: TerminalInput, signal?: AbortSignal): Promise<number> {
    const path = `${this.#path}/input`;
    const asked = { method: "POST", path, body: typed, answer: terminalTyped, repeatable: "always", signal } as const;
    return (await this.#requests.ask(asked)).value.accepted;
  }

  async resize(size: { rows: number; columns: number }): Promise<void> {
    const path = `${this.#path}/resize`;
    await this.#requests.ask({ method: "POST", path, body: size, answer: z.object({}), repeatable: "always" });
  }

  async close(): Promise<TerminalReport> {
    return (await this.#requests.ask({ method: "DELETE", path: this.#path, answer: terminal })).value;
  }
}
