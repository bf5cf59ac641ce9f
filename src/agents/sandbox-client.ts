import { randomUUID } from "node:crypto";
import {
  Manifest,
  normalizeSandboxClientCreateArgs,
  type SandboxClient,
  type SandboxClientCreateArgs,
} from "@openai/agents/sandbox";
import { Connection, type ControllerAddress } from "./connection.ts";
import { BerthRequestError } from "./request-error.ts";
import { BerthSandboxSession, type BerthSessionState } from "./sandbox-session.ts";

/** What every sandbox of a client starts from. */
export interface BerthSandboxOptions extends Record<string, unknown> {
  /** The name of a registered environment, or one in full. */
  readonly environment: string | Record<string, unknown>;
  /** Rollouts of one group are compared with each other. */
  readonly group?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Seconds that one request waits for a sandbox; it is asked again until the client's deadline. */
const WAIT_SECONDS = 60;

/**
 * Gives agents of `@openai/agents` a rollout each. The controller's key is needed. A rollout ends when the runtime closes its session.
 * @example `run(agent, "…", { sandbox: { client: new BerthSandboxClient({ url, key }, { environment: "click" }) } })`
 */
export class BerthSandboxClient implements SandboxClient<Partial<BerthSandboxOptions>, BerthSessionState> {
  readonly backendId = "berth";
  readonly supportsDefaultOptions = true;
  readonly #address: ControllerAddress;
  readonly #connection: Connection;
  readonly #options: BerthSandboxOptions;

  constructor(address: ControllerAddress, options: BerthSandboxOptions) {
    this.#address = address;
    this.#connection = new Connection(address);
    this.#options = options;
  }

  /** Resolves when the sandbox is ready and holds what the manifest adds. @throws BerthRequestError */
  async create(
    args?: SandboxClientCreateArgs<Partial<BerthSandboxOptions>> | Manifest,
    manifestOptions?: Partial<BerthSandboxOptions>,
  ): Promise<BerthSandboxSession> {
    const { manifest, options = {} } = normalizeSandboxClientCreateArgs(args, manifestOptions);
    const { environment, group, labels } = { ...this.#options, ...options };
    // Made here, so that a creation that is asked for again is the same one.
    const rollout_id = randomUUID();
    const session = this.#session(rollout_id, manifest);
    await this.#connection.send("POST", "/v1/rollouts", { rollout_id, environment, group, labels });
    try {
      await this.#untilActive(rollout_id);
      await session.applyManifest(manifest);
    } catch (error) {
      await this.#end(rollout_id);
      throw error;
    }
    return session;
  }

  /** The rollout as it is; one that has ended cannot be taken up again. @throws BerthRequestError */
  async resume({ rolloutId, manifest }: BerthSessionState): Promise<BerthSandboxSession> {
    await this.#untilActive(rolloutId);
    return this.#session(rolloutId, manifest);
  }

  async delete({ rolloutId }: BerthSessionState): Promise<void> {
    await this.#end(rolloutId);
  }

  /** The rollout's id, and where its workspace is: all else is with the controller. */
  async serializeSessionState({ rolloutId, manifest }: BerthSessionState): Promise<Record<string, unknown>> {
    return { rolloutId, root: manifest.root };
  }

  async deserializeSessionState({ rolloutId, root }: Record<string, unknown>): Promise<BerthSessionState> {
    if (typeof rolloutId !== "string" || typeof root !== "string")
      throw new BerthRequestError("invalid_request", "The state of the session names no rollout.", {
        causedBy: "caller",
      });
    return { rolloutId, manifest: new Manifest({ root }), workspaceReady: true };
  }

  #session(rolloutId: string, manifest: Manifest): BerthSandboxSession {
    return new BerthSandboxSession({ ...this.#address, rolloutId }, manifest, () => this.#end(rolloutId));
  }

  async #end(rolloutId: string): Promise<void> {
    await this.#connection.send("DELETE", `/v1/rollouts/${rolloutId}`);
  }

  async #untilActive(rolloutId: string): Promise<void> {
    const giveUpAt = performance.now() + (this.#address.timeoutMs ?? 600_000);
    for (;;) {
      const path = `/v1/rollouts/${rolloutId}?wait_seconds=${WAIT_SECONDS}`;
      const rollout = (await this.#connection.send("GET", path)) as RolloutState;
      if (rollout.status === "active") return;
      const isComing = rollout.status === "queued" || rollout.status === "preparing";
      if (!isComing || performance.now() > giveUpAt) throw notActive(rollout);
    }
  }
}

interface RolloutState {
  readonly rollout_id: string;
  readonly status: string;
  readonly error: { readonly code: string; readonly cause: string; readonly message: string } | null;
}

const notActive = ({ rollout_id, status, error }: RolloutState): BerthRequestError =>
  error
    ? new BerthRequestError(error.code, error.message, { causedBy: error.cause })
    : new BerthRequestError("rollout_closed", `The rollout ${rollout_id} is ${status}.`, { causedBy: "caller" });
