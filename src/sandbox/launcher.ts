import { createHash } from "node:crypto";
import type { Clock } from "../core/clock.ts";
import { crashPoint } from "../core/crash-point.ts";
import { withDeadline } from "../core/deadline.ts";
import { BerthError, toBerthError } from "../core/errors.ts";
import type { IdSource } from "../core/ids.ts";
import type { Logger } from "../core/log.ts";
import type { Measures } from "../core/measures.ts";
import { connectGuest } from "../guest/connect-guest.ts";
import type { Guest } from "../guest/guest.ts";
import { limited, type Profile } from "../model/profile.ts";
import type { Resources } from "../model/resources.ts";
import type { Provider, SandboxBase, SandboxHandle, SandboxSpec } from "../provider/provider.ts";
import type { SandboxIntent, Store } from "../store/store.ts";
import { differences } from "./drift.ts";
import { readPurpose } from "./purpose.ts";
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
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Logger;
  readonly measures: Measures;
  /** This installation: the label by which its sandboxes are found. */
  readonly owner: string;
}

const CREATE_DEADLINE_MS = 120_000;
const READY_DEADLINE_MS = 20_000;
const READ_BACK_DEADLINE_MS = 20_000;
const UNDO_DEADLINE_MS = 30_000;
const DESTROY_ATTEMPTS = 3;

/** Starts, re-attaches and destroys sandboxes. The intent is in the store before the provider is asked. */
export class SandboxLauncher {
  readonly #options: LauncherOptions;
  /** Those that shook hands and are not gone. */
  readonly #running = new Set<string>();

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
    const { provider, store, clock, ids, owner } = this.#options;
    const incarnation = ids.hex(8);
    const id = sandboxId(request.purpose, incarnation);
    const labels = { owner, purpose: request.purpose, incarnation };
    await store.recordIntent({ id, provider: provider.name, purpose: request.purpose, incarnation });
    crashPoint("launch.intended");
    const handle: SandboxHandle = { id, provider: provider.name, labels };
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
        { parent: request.signal, code: "sandbox_create_failed" },
      );
      crashPoint("launch.created");
      const guest = await this.#shakeHands(handle, request.signal);
      crashPoint("launch.answered");
      await this.#assertNoDrift(spec, handle, guest, request.signal).catch(async (error: unknown) => {
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
    const inTime = await withDeadline(`giving up sandbox ${handle.id}`, UNDO_DEADLINE_MS, async () => {
      await over;
      return true;
    }).catch(() => false);
    if (inTime) await destroy();
    else void over.then(destroy);
  }

  /** A sandbox that an earlier controller started. @throws BerthError `sandbox_lost` when it is not running */
  async attach(handle: SandboxHandle): Promise<Sandbox> {
    const state = await this.#options.provider.inspect(handle);
    if (state.status !== "running")
      throw new BerthError("sandbox_lost", `The sandbox ${handle.id} is ${state.status}.`);
    try {
      return this.#started(handle, await this.#shakeHands(handle));
    } catch (error) {
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
    const { provider, store } = this.#options;
    const { handle, guest } = sandbox;
    const labels = { ...handle.labels, purpose };
    try {
      await store.recordIntent({ id: handle.id, provider: provider.name, purpose, incarnation: labels.incarnation });
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
    const { provider, store, owner } = this.#options;
    const intents = await store.intents({ purposes });
    return intents.filter((intent) => intent.provider === provider.name).map((intent) => handleOf(intent, owner));
  }

  /** Tries a few times; what still stands then is kept in the store and found again by its label. */
  async destroy(handle: SandboxHandle): Promise<void> {
    const { provider, store, clock, log } = this.#options;
    for (let attempt = 1; ; attempt++) {
      try {
        crashPoint("destroy.begun");
        await provider.destroy(handle);
        crashPoint("destroy.gone");
        this.#noteGone(handle);
        await store.forgetIntent(handle.id);
        crashPoint("destroy.forgotten");
        return;
      } catch (error) {
        log.warn({ sandbox: handle.id, attempt, err: error }, "a sandbox could not be destroyed");
        if (attempt === DESTROY_ATTEMPTS) throw toBerthError(error, "teardown_failed");
        await clock.sleep(200 * attempt);
      }
    }
  }

  /**
   * Destroys every sandbox of this installation that is not in `keep`, and what is left of those that were asked for and are in no list:
   * a start or an end that was cut off. Gives the ids of those removed; one that cannot be removed is in the log and stays in the store.
   */
  async reap(keep: ReadonlySet<string>): Promise<string[]> {
    const { provider, store, owner } = this.#options;
    const removed: string[] = [];
    const asked = (await store.intents()).filter((intent) => intent.provider === provider.name);
    const handles = new Map(asked.map((intent) => [intent.id, handleOf(intent, owner)]));
    for (const handle of await provider.list(owner)) handles.set(handle.id, handle);
    for (const handle of handles.values()) {
      if (keep.has(handle.id)) continue;
      const gone = await this.destroy(handle).then(
        () => true,
        () => false,
      );
      if (gone) removed.push(handle.id);
    }
    return removed;
  }

  /** All sandboxes of this installation, with the purposes that they have now: labels tell what each was started for. */
  async list(): Promise<readonly SandboxHandle[]> {
    const { provider, store, owner } = this.#options;
    const handles = await provider.list(owner);
    const now = new Map((await store.intents()).map(({ id, purpose }) => [id, purpose]));
    return handles.map((handle) => {
      const purpose = now.get(handle.id) ?? handle.labels.purpose;
      return { ...handle, labels: { ...handle.labels, purpose } };
    });
  }

  /** Ready means that the guest shook hands, not that a process was started. */
  async #shakeHands(handle: SandboxHandle, parent?: AbortSignal): Promise<Guest> {
    const { provider, clock } = this.#options;
    return withDeadline(
      `the guest of sandbox ${handle.id}`,
      READY_DEADLINE_MS,
      async (signal) => {
        for (let pauseMs = 2; ; pauseMs = Math.min(pauseMs * 2, 250)) {
          signal.throwIfAborted();
          try {
            return await connectGuest({ open: (call) => provider.connect(handle, call), signal });
          } catch (error) {
            signal.throwIfAborted();
            if ((await provider.inspect(handle)).status !== "running") throw error;
          }
          await clock.sleep(pauseMs, signal);
        }
      },
      { parent, code: "sandbox_create_failed" },
    );
  }

  /** Reads back from outside and from inside what was made, before anything of a policy runs in it. */
  async #assertNoDrift(
    spec: SandboxSpec,
    handle: SandboxHandle,
    guest: Guest,
    parent: AbortSignal | undefined,
  ): Promise<void> {
    const { masked_paths: maskedPaths, read_only_paths: readOnlyPaths } = spec.profile;
    const [outside, inside] = await withDeadline(
      `reading sandbox ${handle.id} back`,
      READ_BACK_DEADLINE_MS,
      (signal) =>
        Promise.all([
          this.#options.provider.observe(handle, { signal }),
          guest.probe({ maskedPaths, readOnlyPaths }, { signal }),
        ]),
      { parent, code: "sandbox_create_failed" },
    );
    const able = this.#options.provider.capabilities[spec.profile.runtime].has;
    const found = differences({ spec, able, outside, inside });
    if (found.length === 0) return;
    this.#options.log.error({ sandbox: handle.id, differences: found }, "a sandbox is not what its profile promises");
    throw new BerthError(
      "profile_drift",
      `The sandbox ${handle.id} was destroyed, because it is not what profile ${spec.profile.name} promises: ${found.join("; ")}.`,
    );
  }

  #noteGone({ id, labels }: SandboxHandle): void {
    if (this.#running.delete(id)) this.#options.measures.sandboxes(readPurpose(labels.purpose).kind, -1);
  }

  #started(handle: SandboxHandle, guest: Guest): Sandbox {
    this.#running.add(handle.id);
    this.#options.measures.sandboxes(readPurpose(handle.labels.purpose).kind, 1);
    let gone: Promise<void> | undefined;
    const destroy = async () => {
      await guest.close();
      await this.destroy(handle);
    };
    return {
      handle,
      guest,
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

const handleOf = ({ id, provider, purpose, incarnation }: SandboxIntent, owner: string): SandboxHandle => ({
  id,
  provider,
  labels: { owner, purpose, incarnation },
});

/** Short, unique for each incarnation, and the same for the same two parts. */
function sandboxId(purpose: string, incarnation: string): string {
  return `b-${createHash("sha256").update(purpose).digest("hex").slice(0, 12)}-${incarnation}`;
}

function partsOfSpec({ base, profile, resources, workdir }: LaunchRequest) {
  return { base, profile, resources: limited(resources, profile), workdir };
}
