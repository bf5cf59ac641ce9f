import { z } from "zod";
import { GuestFault } from "../tree/fault.ts";
import { execRequest, type ExecCall } from "./exec-call.ts";
import type { Calls } from "./exec-routes.ts";
import { jsonReply, parsed, type Reply, type Request } from "./messages.ts";

const mostRunning = 8;
const mostRemembered = 32;

const backgroundRequest = execRequest.extend({ name: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/) });

interface Named {
  readonly callId: string;
  readonly call: ExecCall;
  readonly startedAt: number;
  endedAt?: number;
}

/** Commands that outlive their requests, by name. */
export class Background {
  readonly #calls: Calls;
  readonly #named = new Map<string, Named>();

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  start({ body }: Request): Reply {
    const { name, ...asked } = parsed(backgroundRequest, body);
    const running = [...this.#named].filter(([, { call }]) => call.result === undefined).map(([of]) => of);
    if (running.includes(name)) throw new GuestFault("already_exists", `${name} is running.`);
    if (running.length >= mostRunning)
      throw new GuestFault("busy", `${running.length} commands run in the background.`);
    const named: Named = { callId: asked.call_id, call: this.#calls.begin(asked), startedAt: performance.now() };
    void named.call.done.then(() => (named.endedAt = performance.now()));
    this.#named.delete(name);
    this.#named.set(name, named);
    const ended = [...this.#named].filter(([, { call }]) => call.result !== undefined).map(([of]) => of);
    for (const of of ended.slice(0, Math.max(0, this.#named.size - mostRemembered))) this.#named.delete(of);
    return jsonReply({});
  }

  list(): Reply {
    return jsonReply({ commands: [...this.#named].map(([name, named]) => stateOf(name, named)) });
  }

  async stop(name: string): Promise<Reply> {
    const named = this.#named.get(name);
    if (!named) throw new GuestFault("unknown_call", `Nothing was started in the background as ${name}.`);
    named.call.cancel();
    await named.call.done;
    return jsonReply(stateOf(name, named));
  }
}

const stateOf = (name: string, { callId, call, startedAt, endedAt }: Named) => ({
  name,
  call_id: callId,
  state: call.result === undefined ? "running" : "done",
  running_ms: Math.round((endedAt ?? performance.now()) - startedAt),
  stdout_bytes: call.stdout.totalBytes,
  stderr_bytes: call.stderr.totalBytes,
  ...(call.result === undefined ? {} : { outcome: call.result.outcome }),
});
