import type { Embeddings } from "../code-index/meaning/embeddings.ts";
import type { Clock } from "../core/clock.ts";
import { BerthError } from "../core/errors.ts";
import type { IdSource } from "../core/ids.ts";
import type { Graders } from "../grader/registry.ts";
import type { Environment, EnvironmentInput } from "../model/environment.ts";
import type { CreateRolloutRequest } from "../model/rollout.ts";
import type { SandboxLauncher } from "../sandbox/launcher.ts";
import type { Profiles } from "../sandbox/profiles.ts";
import type { SnapshotBuilder } from "../snapshot/builder.ts";
import type { AuditTrail } from "../store/audit-trail.ts";
import type { Store, StoredEnvironment } from "../store/store.ts";
import type { ToolRegistry } from "../tool/registry.ts";
import { semanticSearch } from "../tool/search/semantic-search.ts";
import { toolsOf } from "../tool/tools-of.ts";
import type { Tool } from "../tool/tool.ts";
import { checkEnvironment, parseEnvironment } from "./check-environment.ts";
import { environmentOfItem, type ItemRules } from "./environment-of-item.ts";
import type { KeepWarm } from "./keep-warm.ts";

export interface EnvironmentsParts {
  readonly store: Store;
  readonly audit: AuditTrail;
  readonly launcher: SandboxLauncher;
  readonly builder: SnapshotBuilder;
  readonly registry: ToolRegistry;
  readonly graders: Graders;
  readonly profiles: Profiles;
  readonly items: ItemRules;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly warm: KeepWarm;
  readonly embeddings?: Pick<Embeddings, "prepare"> | undefined;
}

/** What rollouts start from: kept by name, named by a request, or made from a row of a dataset. */
export class Environments {
  readonly #parts: EnvironmentsParts;

  constructor(parts: EnvironmentsParts) {
    this.#parts = parts;
  }

  /** What a request starts from, not checked yet. @throws BerthError `unknown_environment`, `invalid_environment` */
  async for({ environment, item }: CreateRolloutRequest): Promise<StoredEnvironment> {
    const { store, items } = this.#parts;
    if (environment === undefined) return environmentOfItem(item ?? {}, { store, rules: items });
    if (typeof environment === "string") return this.named(environment);
    return { environment: parseEnvironment(environment), baseDir: null };
  }

  /** @throws BerthError `unknown_environment` */
  async named(name: string): Promise<StoredEnvironment> {
    const found = await this.#parts.store.environment(name);
    if (!found) throw new BerthError("unknown_environment", `There is no environment ${name}.`);
    return found;
  }

  /** Whether this controller can serve it. @throws BerthError of what is wrong with it */
  check(stored: StoredEnvironment): Promise<void> {
    return checkEnvironment(stored, this.#parts);
  }

  async register(input: EnvironmentInput, baseDir: string | null, by?: string): Promise<Environment> {
    const { store, warm } = this.#parts;
    const environment = parseEnvironment(input);
    await this.check({ environment, baseDir });
    const earlier = await store.environment(environment.name);
    const told = this.#tell({ environment, baseDir }, earlier, by);
    await Promise.all([store.registerEnvironment({ environment, baseDir }), told]);
    warm.begin(environment);
    return environment;
  }

  async all(): Promise<Environment[]> {
    return (await this.#parts.store.environments()).map(({ environment }) => environment);
  }

  /** What policies of an environment are offered. @throws BerthError `unknown_environment` */
  async toolsOf(name: string): Promise<readonly Tool[]> {
    return this.#offers((await this.named(name)).environment);
  }

  async build(name: string, onProgress: (message: string) => void) {
    const { builder, clock, embeddings } = this.#parts;
    const began = clock.monotonic();
    const { environment } = await this.named(name);
    using snapshot = await builder.ensure(environment, { onProgress });
    const { key, built } = snapshot;
    const searches = this.#offers(environment).some(({ name }) => name === semanticSearch.name);
    if (environment.repo && searches) await embeddings?.prepare(environment.repo, onProgress);
    return { snapshot: key, built, durationMs: clock.monotonic() - began };
  }

  async removeSnapshot(name: string): Promise<boolean> {
    const { environment } = await this.named(name);
    return this.#parts.builder.remove(environment);
  }

  #offers(environment: Environment): readonly Tool[] {
    return toolsOf(environment, this.#parts.registry);
  }

  /** The same again changes nothing. */
  async #tell(
    stored: StoredEnvironment,
    earlier: StoredEnvironment | undefined,
    by: string | undefined,
  ): Promise<void> {
    if (earlier && JSON.stringify(earlier) === JSON.stringify(stored)) return;
    const { audit, ids } = this.#parts;
    const action = earlier ? "changed" : "created";
    await audit.tell({ action, kind: "environment", subject: stored.environment.name, by, detail: ids.hex(4) });
  }
}
