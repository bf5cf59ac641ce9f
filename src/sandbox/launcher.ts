import { createHash } from "node:crypto";
import type { Clock } from "../core/clock.ts";
import { crashPoint } from "../core/crash-point.ts";
import { withDeadline } from "../core/deadline.ts";
import { BerthError, toBerthError } from "../core/errors.ts";
import type { IdSource } from "../core/ids.ts";
import type { Logger } from "../core/log.ts";
import type { Measures } from "../core/measures.ts";
import type { Claims } from "../controllers/claims.ts";
import type { Guest } from "../guest/guest.ts";
import { limited, type Profile } from "../model/profile.ts";
import type { Resources } from "../model/resources.ts";
import type { Provider, SandboxBase, SandboxHandle, SandboxSpec } from "../provider/provider.ts";
import type { AuditTrail } from "../store/audit-trail.ts";
import type { SandboxIntent, Store } from "../store/store.ts";
import { readPurpose } from "./purpose.ts";
import { assertNoDrift, shakeHands, type ConnectGuest } from "./readiness.ts";
import type { Sandbox } from "./sandbox.ts";

export interface LaunchRequest {
  /** What the sandbox is for: the label that tells one's own after a crash. */
  readonly purpose: string;
  readonly base: SandboxBase;
  readonly profile: Profile;
  readonly resources: Resources;
  readonly workdir: string;
  /** After this the guest ends itself, whoever has forgotten it. */
  readonly lifetimeMs: number;
  readonly signal?: AbortSignal;
}

export interface LauncherOptions {
  readonly provider: Provider;
  readonly store: Store;
  readonly audit: AuditTrail;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Logger;
  readonly measures: Measures;
  /** How a sandbox's guest is reached; over the provider's streams when it is left out. */
  readonly connect?: ConnectGuest;
  /** What this controller holds; without them it holds everything. */
  readonly claims?: Pick<Claims, "epoch" | "stand">;
  /** This installation: the label by which its sandboxes are found. */
  readonly owner: string;
}

const CREATE_DEADLINE_MS = 120_000;
const UNDO_DEADLINE_MS = 30_000;
const INSPECT_DEADLINE_MS = 30_000;
const LIST_DEADLINE_MS = 60_000;
/** Of one attempt; hundreds may be on their way out before it. */
const DESTROY_DEADLINE_MS = 120_000;
const DESTROY_ATTEMPTS = 3;

/** Starts, re-attaches and destroys sandboxes. The intent is in the store before the provider is asked. */
export class SandboxLauncher {
  readonly #options: LauncherOptions;
  /** Those that shook hands and are not gone. */
  readonly #running = new Set<string>();
  /** The purposes of those that are being started, run, or are being destroyed by this process. */
  readonly #cared = new Map<string, string>();

  constructor(options: LauncherOptions) {
    this.#options = options;
  }

  get provider(): Provider {
    return this.#options.provider;
  }

  /**
   * @throws BerthError those of `Provider.create`, `sandbox_create_failed` when the guest does not shake hands in time,
   * `profile_drift` when what was made is not what the profile promises; nothing is left then
   */
  async launch(request: LaunchRequest): Promise<Sandbox> {
    const { provider, clock, ids, owner } = this.#options;
    const incarnation = ids.hex(8);
    const id = sandboxId(request.purpose, incarnation);
    const labels = { owner, purpose: request.purpose, incarnation };
    const handle: SandboxHandle = { id, provider: provider.name, labels };
    await this.#record(handle);
    crashPoint("launch.intended");
    const spec: SandboxSpec = {
      id,
      labels,
      expiresAtMs: clock.now() + request.lifetimeMs,
      ...partsOfSpec(request),
    };
    let creating: Promise<unknown> = Promise.resolve();
    try {
      await withDeadline(
        `creating sandbox ${id}`,
        CREATE_DEADLINE_MS,
        (signal) => (creating = provider.create(spec, { signal })),
        { parent: request.signal, code: "sandbox_create_failed", clock },
      );
      crashPoint("launch.created");
      const guest = await this.#shakeHands(handle, request.signal);
      crashPoint("launch.answered");
      await assertNoDrift(spec, { handle, guest }, this.#options, request.signal).catch(async (error: unknown) => {
        await guest.close();
        throw error;
      });
      crashPoint("launch.checked");
      return this.#started(handle, guest);
    } catch (error) {
      await this.#undo(handle, creating);
      if (request.signal?.aborted) throw toBerthError(request.signal.reason);
      const failure = toBerthError(error, "sandbox_create_failed");
      if (failure.code !== "sandbox_lost") throw failure;
      throw new BerthError("sandbox_create_failed", `The sandbox ended while it started: ${failure.message}`, {
        cause: failure,
      });
    }
  }

  /**
   * Removes what a launch left. A provider that does not hear the signal may still be at work, and a sandbox that it
   * finishes after it was destroyed would be nobody's: so it is waited for. What cannot be removed now is in the store and
   * in the log; the caller must learn why the launch failed.
   */
  async #undo(handle: SandboxHandle, creating: Promise<unknown>): Promise<void> {
    const over = creating.then(
      () => undefined,
      () => undefined,
    );
    const destroy = () => this.destroy(handle).catch(() => undefined);
    const { clock } = this.#options;
    const finished = () => over.then(() => true);
    const inTime = await withDeadline(`giving up sandbox ${handle.id}`, UNDO_DEADLINE_MS, finished, { clock }).catch(
      () => false,
    );
    if (inTime) await destroy();
    else void over.then(destroy);
  }

  /**
   * A sandbox that an earlier controller started, which is this one's from then on, durably.
   * @throws BerthError `sandbox_lost` when it is not running, `fenced` when it is another's
   */
  async attach(handle: SandboxHandle): Promise<Sandbox> {
    const { provider, clock } = this.#options;
    const inspect = () => provider.inspect(handle);
    const state = await withDeadline(`inspecting sandbox ${handle.id}`, INSPECT_DEADLINE_MS, inspect, { clock });
    if (state.status !== "running")
      throw new BerthError("sandbox_lost", `The sandbox ${handle.id} is ${state.status}.`);
    await this.#record(handle);
    try {
      return this.#started(handle, await this.#shakeHands(handle));
    } catch (error) {
      this.#cared.delete(handle.id);
      if (error instanceof BerthError && error.code === "fenced") throw error;
      throw new BerthError("sandbox_lost", `The sandbox ${handle.id} does not answer: ${toBerthError(error).message}`, {
        cause: error,
      });
    }
  }

  /**
   * Gives a sandbox another purpose, durably: whoever starts after a crash finds it under the new one. The sandbox that is returned takes the
   * place of the one that was given.
   * @throws BerthError of the store; the sandbox is destroyed then
   */
  async assign(sandbox: Sandbox, purpose: string): Promise<Sandbox> {
    const { handle, guest } = sandbox;
    const labels = { ...handle.labels, purpose };
    try {
      await this.#record({ ...handle, labels });
    } catch (error) {
      await Promise.resolve(sandbox[Symbol.asyncDispose]()).catch(() => undefined);
      throw error;
    }
    crashPoint("launch.assigned");
    this.#noteGone(handle);
    return this.#started({ ...handle, labels }, guest);
  }

  /** The sandboxes that were asked for with one of these purposes, whether they are there or not. */
  async of(purposes: readonly string[]): Promise<SandboxHandle[]> {
    const { provider, store } = this.#options;
    const intents = await store.intents({ purposes });
    return intents.filter((intent) => intent.provider === provider.name).map((intent) => this.handleOf(intent));
  }

  /** Tries a few times; `why` is for the audit log; what still stands then is kept in the store and found again by its label. */
  async destroy(handle: SandboxHandle, why?: string): Promise<void> {
    const { provider, clock, log } = this.#options;
    for (let attempt = 1; ; attempt++) {
      try {
        crashPoint("destroy.begun");
        await withDeadline(`destroying sandbox ${handle.id}`, DESTROY_DEADLINE_MS, () => provider.destroy(handle), {
          code: "teardown_failed",
          clock,
        });
        crashPoint("destroy.gone");
        this.#noteGone(handle);
        await this.forget({ id: handle.id, purpose: handle.labels.purpose }, why);
        crashPoint("destroy.forgotten");
        this.#cared.delete(handle.id);
        return;
      } catch (error) {
        log.warn({ sandbox: handle.id, attempt, err: error }, "a sandbox could not be destroyed");
        if (attempt === DESTROY_ATTEMPTS) {
          this.#cared.delete(handle.id);
          throw toBerthError(error, "teardown_failed");
        }
        await clock.sleep(200 * attempt);
      }
    }
  }

  /** What was asked for, whether it is there or not. */
  handleOf({ id, provider, purpose, incarnation }: SandboxIntent): SandboxHandle {
    return { id, provider, labels: { owner: this.#options.owner, purpose, incarnation } };
  }

  /** Whether this process starts it, works in it or destroys it at this time. */
  cares(id: string): boolean {
    return this.#cared.has(id);
  }

  /** What was asked for with this purpose is nobody's from now on, durably, whether it is there, will be or will not go. @throws BerthError of the store */
  async disown(purpose: string): Promise<void> {
    const { store } = this.#options;
    for (const { id, provider, labels } of await this.of([purpose]))
      await store.recordIntent({ id, provider, purpose: `nobody:${purpose}`, incarnation: labels.incarnation });
  }

  /** All sandboxes of this installation, with the purposes that they have now: labels tell what each was started for. */
  async list(): Promise<readonly SandboxHandle[]> {
    const { store } = this.#options;
    const handles = await this.#listed();
    const now = new Map((await store.intents()).map(({ id, purpose }) => [id, purpose]));
    return handles.map((handle) => {
      const purpose = now.get(handle.id) ?? handle.labels.purpose;
      return { ...handle, labels: { ...handle.labels, purpose } };
    });
  }

  /** Before the provider is asked, and before anything is asked of a guest: whose the sandbox is outlives this process. */
  async #record({ id, provider, labels: { purpose, incarnation } }: SandboxHandle): Promise<void> {
    const { store, audit } = this.#options;
    const before = this.#cared.get(id);
    this.#cared.set(id, purpose);
    const deed =
      before === undefined
        ? ({ action: "created", kind: "sandbox", subject: id, ...deedFor(purpose) } as const)
        : ({ action: "changed", kind: "sandbox", subject: id, ...deedFor(purpose), detail: purpose } as const);
    try {
      await Promise.all([
        store.recordIntent({ id, provider, purpose, incarnation }, rolloutOf(purpose)),
        audit.tell(deed),
      ]);
    } catch (error) {
      if (before === undefined) this.#cared.delete(id);
      else this.#cared.set(id, before);
      throw error;
    }
  }

  /** The end of what an intent began; nothing of the sandbox may be left. */
  async forget({ id, purpose }: Pick<SandboxIntent, "id" | "purpose">, why?: string): Promise<void> {
    const { store, audit } = this.#options;
    const deed = { ...deedFor(purpose), ...(why === undefined ? {} : { why }) };
    await Promise.all([
      store.forgetIntent(id),
      audit.tell({ action: "destroyed", kind: "sandbox", subject: id, ...deed }),
    ]);
  }

  #shakeHands(handle: SandboxHandle, signal?: AbortSignal): Promise<Guest> {
    const epoch = () => {
      const rollout = rolloutOf(this.#cared.get(handle.id) ?? handle.labels.purpose);
      return rollout === undefined ? undefined : this.#options.claims?.epoch(rollout);
    };
    return shakeHands(handle, { ...this.#options, epoch }, signal);
  }

  #listed(): Promise<readonly SandboxHandle[]> {
    const { provider, owner, clock } = this.#options;
    return withDeadline("listing the sandboxes", LIST_DEADLINE_MS, () => provider.list(owner), { clock });
  }

  #noteGone({ id, labels }: SandboxHandle): void {
    if (this.#running.delete(id)) this.#options.measures.sandboxes(readPurpose(labels.purpose).kind, -1);
  }

  #started(handle: SandboxHandle, guest: Guest): Sandbox {
    this.#running.add(handle.id);
    this.#options.measures.sandboxes(readPurpose(handle.labels.purpose).kind, 1);
    let gone: Promise<void> | undefined;
    let isOurs = true;
    const letGo = async () => {
      if (isOurs) {
        this.#noteGone(handle);
        this.#cared.delete(handle.id);
      }
      isOurs = false;
      await guest.close();
    };
    const destroy = async () => {
      // After a pause another may have it: whoever has, sees to it.
      if (!isOurs || this.#options.claims?.stand === false) return letGo();
      await guest.close();
      await this.destroy(handle);
    };
    return {
      handle,
      guest,
      letGo,
      [Symbol.asyncDispose]: () => {
        gone ??= destroy().catch((error: unknown) => {
          gone = undefined;
          throw error;
        });
        return gone;
      },
    };
  }
}

/** Short, unique for each incarnation, and the same for the same two parts. */
function sandboxId(purpose: string, incarnation: string): string {
  return `b-${createHash("sha256").update(purpose).digest("hex").slice(0, 12)}-${incarnation}`;
}

/** What the audit log says of a sandbox: what it was for, and of which rollout. */
function deedFor(purpose: string): { rolloutId: string | undefined; why: string } {
  const { kind, subject } = readPurpose(purpose);
  return { rolloutId: kind === "rollout" || kind === "grade" ? subject : undefined, why: `for ${kind} ${subject}` };
}

/** Of a sandbox that a rollout's policy works in. */
function rolloutOf(purpose: string): string | undefined {
  const { kind, subject } = readPurpose(purpose);
  return kind === "rollout" ? subject : undefined;
}

function partsOfSpec({ base, profile, resources, workdir }: LaunchRequest) {
  return { base, profile, resources: limited(resources, profile), workdir };
}
