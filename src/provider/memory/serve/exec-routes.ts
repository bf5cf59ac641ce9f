import { z } from "zod";
import { GuestFault } from "../tree/fault.ts";
import { ExecCall, execRequest, type ExecRequest, type Machine } from "./exec-call.ts";
import { bytesReply, jsonReply, parsed, type Reply, type Request } from "./messages.ts";

const keptResults = 256;

/** The calls of one boot: each id runs once, the last 256 are remembered. */
export class Calls {
  readonly #machine: Machine;
  readonly #allowRoot: boolean;
  readonly #calls = new Map<string, ExecCall>();
  readonly #used = new Set<string>();

  constructor(machine: Machine, allowRoot: boolean) {
    this.#machine = machine;
    this.#allowRoot = allowRoot;
  }

  get processes(): number {
    return [...this.#calls.values()].reduce((sum, call) => sum + call.processes, 0);
  }

  /** Ends all that runs. Gives how many there were. */
  async quiesce(): Promise<number> {
    const killed = this.processes;
    const running = [...this.#calls.values()].filter((call) => call.result === undefined);
    for (const call of running) call.cancel();
    await Promise.all(running.map((call) => call.done));
    return killed;
  }

  async exec(request: Request): Promise<Reply> {
    const call = this.begin(parsed(execRequest, request.body));
    request.onGone(() => call.cancel());
    return jsonReply(await call.done);
  }

  /** @throws GuestFault `permission_denied`, `duplicate_call`, `not_directory` */
  begin(asked: ExecRequest): ExecCall {
    if (asked.user === "root" && !this.#allowRoot)
      throw new GuestFault("permission_denied", "This sandbox runs nothing as root.");
    if (this.#used.has(asked.call_id))
      throw new GuestFault("duplicate_call", `The call ${asked.call_id} was run before.`);
    const call = new ExecCall(this.#machine, asked);
    this.#used.add(asked.call_id);
    this.#calls.set(asked.call_id, call);
    this.#forgetOldest();
    return call;
  }

  state(callId: string): Reply {
    const { result } = this.#find(callId);
    return jsonReply(result === undefined ? { state: "running" } : { state: "done", result });
  }

  cancel(callId: string): Reply {
    this.#find(callId).cancel();
    return jsonReply({});
  }

  output(callId: string, query: URLSearchParams): Reply {
    const call = this.#find(callId);
    const { stream, offset, limit } = parsed(pageQuery, Object.fromEntries(query));
    const capture = call[stream];
    return bytesReply(capture.page(offset, limit), {
      "berth-total-bytes": String(capture.totalBytes),
      "berth-spooled-bytes": String(capture.spooledBytes),
    });
  }

  #find(callId: string): ExecCall {
    const call = this.#calls.get(callId);
    if (call === undefined) throw new GuestFault("unknown_call", `No call ${callId} is remembered.`);
    return call;
  }

  #forgetOldest(): void {
    for (const [id, call] of this.#calls) {
      if (this.#calls.size <= keptResults) return;
      if (call.result !== undefined) this.#calls.delete(id);
    }
  }
}

const pageQuery = z.object({
  stream: z.enum(["stdout", "stderr"]),
  offset: z.coerce.number().int().min(0).default(0),
  limit: z.coerce
    .number()
    .int()
    .min(0)
    .max(1024 * 1024)
    .default(65_536),
});
