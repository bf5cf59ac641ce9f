import { toBerthError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { Environment } from "../model/environment.ts";
import type { Pool } from "../sandbox/pool/pool.ts";
import type { Profiles } from "../sandbox/profiles.ts";
import type { SnapshotBuilder } from "../snapshot/builder.ts";
import { sandboxRequest } from "./sandbox-request.ts";

export interface KeepWarmParts {
  readonly builder: SnapshotBuilder;
  readonly pool: Pool;
  readonly profiles: Profiles;
  readonly log: Logger;
}

/** Sees to it that environments which ask for sandboxes ahead of their rollouts have them: the snapshot first, then the pool. */
export class KeepWarm {
  readonly #parts: KeepWarmParts;
  readonly #stopping = new AbortController();
  readonly #building = new Set<Promise<void>>();

  constructor(parts: KeepWarmParts) {
    this.#parts = parts;
  }

  /** In the background; what fails is in the log, and the environment's first rollout meets it again. */
  begin(environment: Environment): void {
    const { pool } = this.#parts;
    if (!pool.keeps) return;
    if (environment.warm === 0) return pool.release(environment.name);
    const building: Promise<void> = this.#keep(environment).finally(() => this.#building.delete(building));
    this.#building.add(building);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#building);
  }

  async #keep(environment: Environment): Promise<void> {
    const { builder, pool, profiles, log } = this.#parts;
    const { signal } = this.#stopping;
    try {
      using snapshot = await builder.ensure(environment, { signal });
      const { key } = snapshot;
      if (!signal.aborted) pool.keep(sandboxRequest(environment, { purpose: "", key, builder, profiles }));
    } catch (error) {
      if (signal.aborted) return;
      log.warn({ environment: environment.name, err: toBerthError(error) }, "an environment could not be kept warm");
    }
  }
}
