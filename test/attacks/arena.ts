import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ExecRequest } from "../../src/guest/guest.ts";
import { limited, type Profile } from "../../src/model/profile.ts";
import type { Resources } from "../../src/model/resources.ts";
import type { Provider, SandboxBase } from "../../src/provider/provider.ts";
import { profileNamed } from "../support/providers.ts";
import { berthOver, guestOf, type Berth } from "../support/running-berth.ts";
import type { Backend } from "./backends.ts";
import { weaken, type Defence, type Setup } from "./defences.ts";

export interface SandboxOptions {
  readonly profile?: "standard" | "egress";
  readonly resources?: Partial<Resources>;
  readonly base?: SandboxBase;
  readonly lifetimeMs?: number;
  /** One that had an earlier sandbox makes another under its id. */
  readonly id?: string;
  /** The tool user's number. */
  readonly uid?: number;
}

const lifetimeMs = 300_000;
const modest: Resources = { cpus: 1, memory_mb: 256, pids: 64 };

/** Where one attempt takes place: one backend, with or without some defences. What it makes ends with it, and nothing may be left. */
export class Arena implements AsyncDisposable {
  readonly backend: Backend;
  /** The owner of its sandboxes. */
  readonly owner = `attack-${randomBytes(4).toString("hex")}`;
  readonly workdir = "/workspace";
  readonly #without: ReadonlySet<Defence>;
  readonly #underRunc: boolean;
  readonly #cleanup = new AsyncDisposableStack();
  readonly #providers = new Set<Provider>();
  #sandboxes = 0;

  constructor(backend: Backend, options: { without?: ReadonlySet<Defence>; underRunc?: boolean } = {}) {
    this.backend = backend;
    this.#without = options.without ?? new Set();
    this.#underRunc = options.underRunc ?? false;
  }

  /** Whether a defence of the controller stands. */
  has(defence: Defence): boolean {
    return !this.#without.has(defence);
  }

  /** Text that nobody can guess: read by an attack, it was reached. */
  flag(): string {
    return `flag-${randomBytes(12).toString("hex")}`;
  }

  /** Runs when the attempt is over, last first. */
  defer(work: () => unknown): void {
    this.#cleanup.defer(async () => void (await work()));
  }

  /** A folder of the host that no sandbox was given. */
  async hostFolder(): Promise<string> {
    const dir = await mkdtemp(path.join(tmpdir(), "berth-attack-host-"));
    this.defer(() => rm(dir, { recursive: true, force: true }));
    return dir;
  }

  /** The profile and limits of this arena's sandboxes: of `strict` on gVisor, weakened by what is missing. */
  async setup({ profile = "standard", resources = {}, uid }: SandboxOptions = {}): Promise<Setup> {
    const runtime = this.#underRunc ? "runc" : this.backend.runtime;
    const user = uid === undefined ? {} : { user: { uid, gid: uid } };
    const setup: Setup = {
      profile: structuredClone<Profile>({ ...(await profileNamed(profile)), ...user, runtime }),
      resources: { ...modest, ...resources },
      root: false,
      guestWithout: new Set(),
    };
    weaken(setup, this.#without);
    return { ...setup, resources: limited(setup.resources, setup.profile) };
  }

  async provider(options: SandboxOptions = {}): Promise<Provider> {
    return this.backend.provider((await this.setup(options)).guestWithout);
  }

  /** A sandbox as environments are built in: commands may be root's. */
  async building(): Promise<Berth> {
    const provider = await this.backend.provider();
    this.#providers.add(provider);
    const image = await provider.snapshots.resolveImage(this.backend.image);
    const profile: Profile = { ...(await profileNamed("trusted")), network: "none" };
    const id = `${this.owner}-${++this.#sandboxes}`;
    const handle = await provider.create({
      id,
      labels: { owner: this.owner, purpose: "plant", incarnation: id },
      base: { kind: "image", image },
      profile,
      resources: modest,
      workdir: this.workdir,
      expiresAtMs: Date.now() + lifetimeMs,
    });
    this.defer(() => provider.destroy(handle));
    return berthOver(handle, await guestOf(provider, handle), async () => {}, { user: "root" });
  }

  /** Keeps what was built for the attempt's time. */
  async keep({ guest, handle }: Berth): Promise<SandboxBase> {
    const { snapshots } = await this.backend.provider();
    const key = randomBytes(32).toString("hex");
    this.defer(() => snapshots.remove(key));
    await guest.quiesce();
    await guest.close();
    await snapshots.commit(handle, key);
    return { kind: "snapshot", key };
  }

  /** A file tree in which root ran a script: where ground truth is planted that only root may reach. Sandboxes start from it. */
  async planted(script: string): Promise<SandboxBase> {
    const building = await this.building();
    const { outcome, stderr } = await building.sh(script);
    if (outcome.type !== "exited" || outcome.code !== 0) throw new Error(`planting failed: ${stderr.head}`);
    return this.keep(building);
  }

  /** A running sandbox; its commands run as the tool user, unless that is the defence that is missing. */
  async sandbox(options: SandboxOptions = {}): Promise<Berth> {
    const { profile, resources, root, guestWithout } = await this.setup(options);
    const provider = await this.backend.provider(guestWithout);
    this.#providers.add(provider);
    const made = `${this.owner}-${++this.#sandboxes}`;
    const id = options.id ?? made;
    const handle = await provider.create({
      id,
      labels: { owner: this.owner, purpose: "attack", incarnation: made },
      base: options.base ?? { kind: "image", image: await provider.snapshots.resolveImage(this.backend.image) },
      profile,
      resources,
      workdir: this.workdir,
      expiresAtMs: Date.now() + (options.lifetimeMs ?? lifetimeMs),
    });
    this.defer(() => provider.destroy(handle));
    const guest = await guestOf(provider, handle);
    const defaults: Partial<ExecRequest> = root ? { user: "root" } : {};
    const berth = berthOver(handle, guest, () => provider.destroy(handle), defaults);
    this.defer(() => guest.close());
    return berth;
  }

  /** Fails when the attempt left a sandbox. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cleanup.disposeAsync();
    for (const provider of this.#providers) {
      const left = await provider.list(this.owner);
      if (left.length > 0) throw new Error(`left behind: ${left.map(({ id }) => id).join(", ")}`);
    }
  }
}
