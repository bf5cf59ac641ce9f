import { randomBytes } from "node:crypto";
import { expect } from "vitest";
import type { BerthError, ErrorCode } from "../../src/core/errors.ts";
import type { Guest } from "../../src/guest/guest.ts";
import type { Resources } from "../../src/model/resources.ts";
import type { Profile } from "../../src/model/profile.ts";
import type { Capabilities, Provider, SandboxBase, SandboxHandle, SandboxSpec } from "../../src/provider/provider.ts";
import type { ProviderUnderTest } from "../support/providers.ts";
import { berthOver, guestOf, type Berth } from "../support/running-berth.ts";

export type { Berth };

export interface BerthOptions {
  readonly id?: string;
  readonly owner?: string;
  readonly base?: SandboxBase;
  readonly profile?: Profile;
  readonly resources?: Partial<Resources>;
  readonly lifetimeMs?: number;
}

/** What a behaviour works with: sandboxes of one provider under one owner. */
export class Bench {
  readonly #under: ProviderUnderTest;
  readonly #profiles: { readonly standard: Profile; readonly trusted: Profile };
  readonly #keys = new Set<string>();
  readonly owner = `conformance-${randomBytes(4).toString("hex")}`;
  readonly workdir = "/workspace";

  constructor(under: ProviderUnderTest, profiles: { standard: Profile; trusted: Profile }) {
    this.#under = under;
    const { runtime } = under;
    const network = under.provider.capabilities[runtime].has.has("network_host") ? profiles.trusted.network : "none";
    this.#profiles = {
      standard: { ...profiles.standard, runtime },
      trusted: { ...profiles.trusted, runtime, network },
    };
  }

  get provider(): Provider {
    return this.#under.provider;
  }

  get capabilities(): Capabilities {
    return this.provider.capabilities[this.#under.runtime];
  }

  /** Whether the sandbox's kernel is the host's, whose /proc tells all of itself. */
  get sharesKernel(): boolean {
    return this.#under.runtime === "runc";
  }

  get image(): string {
    return this.#under.image;
  }

  get profiles(): { readonly standard: Profile; readonly trusted: Profile } {
    return this.#profiles;
  }

  restart(): Promise<void> {
    return this.#under.restart();
  }

  newId(): string {
    return `c-${randomBytes(6).toString("hex")}`;
  }

  newKey(): string {
    const key = randomBytes(32).toString("hex");
    this.#keys.add(key);
    return key;
  }

  async spec(options: BerthOptions = {}): Promise<SandboxSpec> {
    const id = options.id ?? this.newId();
    return {
      id,
      labels: { owner: options.owner ?? this.owner, purpose: "conformance", incarnation: id },
      base: options.base ?? { kind: "image", image: await this.provider.snapshots.resolveImage(this.image) },
      profile: options.profile ?? this.profiles.standard,
      resources: { cpus: 1, memory_mb: 512, pids: 128, ...options.resources },
      workdir: this.workdir,
      expiresAtMs: Date.now() + (this.#under.startMs ?? 0) + (options.lifetimeMs ?? 600_000),
    };
  }

  /** A sandbox that is ready. */
  async berth(options: BerthOptions = {}): Promise<Berth> {
    const spec = await this.spec(options);
    const handle = await this.provider.create(spec);
    try {
      return berthOver(handle, await this.guestOf(handle), async () => await this.provider.destroy(handle));
    } catch (thrown) {
      await this.provider.destroy(handle);
      throw thrown;
    }
  }

  /** A handle whose sandbox is destroyed when the scope ends. */
  async created(
    options: BerthOptions = {},
  ): Promise<AsyncDisposable & { readonly handle: SandboxHandle; readonly spec: SandboxSpec }> {
    const spec = await this.spec(options);
    const handle = await this.provider.create(spec);
    return { handle, spec, [Symbol.asyncDispose]: async () => await this.provider.destroy(handle) };
  }

  /** Connects once the guest answers. */
  guestOf(handle: SandboxHandle): Promise<Guest> {
    return guestOf(this.provider, handle);
  }

  /** Keeps a sandbox's file system under a new key, removed when the scope ends. */
  async snapshotOf(berth: Berth): Promise<AsyncDisposable & { readonly key: string; readonly base: SandboxBase }> {
    const key = this.newKey();
    await berth.guest.quiesce();
    await berth.guest.close();
    await this.provider.snapshots.commit(berth.handle, key);
    return {
      key,
      base: { kind: "snapshot", key },
      [Symbol.asyncDispose]: async () => await this.provider.snapshots.remove(key),
    };
  }

  /** What nobody owns any more; empty after every behaviour. */
  async leaks(): Promise<string[]> {
    const sandboxes = await this.provider.list(this.owner);
    const snapshots = (await this.provider.snapshots.list()).filter(({ key }) => this.#keys.has(key));
    return [
      ...sandboxes.map(({ id }) => `sandbox ${id}`),
      ...snapshots.map(({ key }) => `snapshot ${key}`),
      ...(await this.#under.residue(this.owner)),
    ];
  }
}

/** The code of the BerthError that `work` ends with. */
export async function codeOf(work: Promise<unknown>): Promise<ErrorCode | "accepted"> {
  return await work.then(
    () => "accepted" as const,
    (thrown: unknown) => {
      if (!(thrown instanceof Error && thrown.name === "BerthError")) throw thrown;
      return (thrown as BerthError).code;
    },
  );
}

/** Polls until it holds. */
export function eventually(what: () => Promise<unknown>, withinMs = 10_000): ReturnType<typeof expect.poll> {
  return expect.poll(what, { timeout: withinMs, interval: 20 });
}

export const exited = (code: number) => ({ type: "exited", code }) as const;
