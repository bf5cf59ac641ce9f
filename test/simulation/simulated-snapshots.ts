import { createHash } from "node:crypto";
import { BerthError } from "../../src/core/errors.ts";
import type { Environment } from "../../src/model/environment.ts";
import type { Provider } from "../../src/provider/provider.ts";
import type { Profile } from "../../src/model/profile.ts";
import type { BuildCall } from "../../src/snapshot/build-call.ts";
import { SnapshotBuilder, type SnapshotLease } from "../../src/snapshot/builder.ts";
import { Manifests } from "../../src/snapshot/manifest.ts";
import { Mirrors } from "../../src/snapshot/mirror.ts";
import type { Life } from "./life.ts";
import type { World } from "./world.ts";

/** Snapshots that cost time and sometimes fail. Nothing is built, and every lease is counted. */
export class SimulatedSnapshots extends SnapshotBuilder {
  readonly #life: Life;
  readonly #world: World;
  /** Leases that were given and not returned. */
  leased = 0;

  constructor(life: Life, world: World, parts: { provider: Provider; trustedProfile: Profile }) {
    super({
      ...parts,
      mirrors: new Mirrors("/nowhere/mirrors", {}),
      manifests: new Manifests("/nowhere/manifests"),
      workDir: "/nowhere/work",
      openSandbox: () => Promise.reject(new Error("Nothing is built here.")),
      processEnv: {},
    });
    this.#life = life;
    this.#world = world;
  }

  override async ensure(environment: Environment, { signal, onProgress }: BuildCall = {}): Promise<SnapshotLease> {
    const { clock, faults, random } = this.#world;
    const key = createHash("sha256").update(environment.name).digest("hex");
    await this.#life.cross(`asks for the snapshot of ${environment.name}`, async () => {
      signal?.throwIfAborted();
      const slow = faults.happens("snapshot_slow");
      if (slow) onProgress?.("building");
      await clock.sleep(random.aroundMs(slow ? 40_000 : 2), signal);
      if (faults.happens("snapshot_fails"))
        throw new BerthError(random.chance(0.5) ? "setup_failed" : "sandbox_create_failed", "The setup failed.");
    });
    return { key, built: false, ...this.hold() };
  }

  override restore(_key: string, environment: Environment, call: BuildCall = {}): Promise<SnapshotLease> {
    return this.ensure(environment, call);
  }

  override hold(): Disposable {
    this.leased++;
    let over = false;
    return {
      [Symbol.dispose]: () => {
        if (!over) this.leased--;
        over = true;
      },
    };
  }

  override async tree(): Promise<readonly []> {
    return [];
  }
}
