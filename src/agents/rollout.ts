import { Connection, newCallId, type ControllerAddress } from "./connection.ts";

/** A rollout, and how its controller is reached. */
export interface RolloutAddress extends ControllerAddress {
  readonly rolloutId: string;
}

/** What a tool gave. `error` is a failure that the model brought about or must know. */
export interface ToolAnswer {
  readonly output: string;
  readonly outcome?: { readonly type: string; readonly code?: number };
  readonly stdout?: CapturedText;
  readonly stderr?: CapturedText;
  readonly error?: { readonly code: string; readonly message: string };
}

/** A stream of a command; between head and tail something is missing where it is `truncated`. */
export interface CapturedText {
  readonly head: string;
  readonly tail: string;
  readonly truncated: boolean;
}

/** What is done in a rollout. Each call has an id, so that one that is sent again happens once. */
export class RolloutTools {
  readonly rolloutId: string;
  readonly #connection: Connection;

  constructor(address: RolloutAddress) {
    this.rolloutId = address.rolloutId;
    this.#connection = new Connection(address);
  }

  /** @throws BerthRequestError */
  async call(tool: string, args: Record<string, unknown>): Promise<ToolAnswer> {
    const path = `/v1/rollouts/${this.rolloutId}/tools/${encodeURIComponent(tool)}`;
    return (await this.#connection.send("POST", path, { call_id: newCallId(), arguments: args })) as ToolAnswer;
  }

  /** Answers a built-in tool call of the Responses API, as the wire has it but for its `call_id`. @throws BerthRequestError */
  async answer<Output>(item: { readonly type: string; readonly [field: string]: unknown }): Promise<Output> {
    const path = `/v1/rollouts/${this.rolloutId}/items`;
    return (await this.#connection.send("POST", path, { call_id: newCallId(), ...item })) as Output;
  }
}
