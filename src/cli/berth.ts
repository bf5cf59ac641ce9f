import type { Config } from "../config/schema.ts";
import type { Logger } from "../core/log.ts";
import type { Resolve } from "../egress/dialler.ts";
import type { Metrics } from "../http/metrics/metrics.ts";
import type { ReadinessChecks } from "../http/route.ts";
import type { RolloutKeys } from "../http/rollout-keys.ts";
import type { RolloutService } from "../rollout/rollout-service.ts";
import type { AuditEntry } from "../model/audit.ts";
import type { AuditQuery } from "../store/audit-log.ts";
import type { Provider } from "../provider/provider.ts";
import type { Leak } from "../sandbox/leaks.ts";
import type { Tool } from "../tool/tool.ts";

/** Something that was left behind by a controller that is no more, or that is kept although nobody has used it for long. */
export interface SweptItem {
  readonly kind: Leak["kind"] | "snapshot" | "image" | "mirror" | "index" | "embeddings" | "records";
  readonly id: string;
  /** Why it goes. */
  readonly reason: string;
  /** What it takes of the disk, where that is known. */
  readonly bytes?: number;
  /** Why it could not be removed. */
  readonly failure?: string;
  /** Why it was not removed now, where that is no failure. */
  readonly left?: string;
}

/** The snapshot that an environment's rollouts start from. */
export interface EnvironmentSnapshot {
  readonly environment: string;
  readonly key: string;
  /** With its manifest; allocated on the disk. */
  readonly bytes: number;
  /** ISO 8601, right to a minute. */
  readonly last_used_at: string;
}

export interface ImageSummary {
  readonly name: string;
  /** Null until it is built. */
  readonly digest: string | null;
  readonly built_at: string | null;
}

/** A controller without its doors, as `compose.ts` puts it together from concrete backends. */
export interface Berth {
  readonly service: RolloutService;
  readonly tools: readonly Tool[];
  readonly config: Config;
  readonly log: Logger;
  /** The name of the provider that was taken. */
  readonly provider: string;
  readonly readiness: ReadinessChecks;
  readonly metrics: Metrics;
  readonly rolloutKeys: RolloutKeys;

  /** What exists beside what should; only looks. */
  leaks(): Promise<readonly Leak[]>;
  /** Removes what nobody owns, or only says what it is. What a live controller owns is left alone. */
  sweep(options: { dryRun: boolean; onProgress: (message: string) => void }): Promise<readonly SweptItem[]>;

  /** Removes what the limits on snapshots, images and mirrors have go, or only says what it is. A live controller does that by itself. */
  evict(options: { dryRun: boolean }): Promise<readonly SweptItem[]>;
  /** Removes the records of rollouts that ended longer ago than `retention_days`, or only says how many they are. */
  removeOldRecords(options: { dryRun: boolean }): Promise<readonly SweptItem[]>;
  /** Of registered environments whose snapshot is there. */
  snapshots(): Promise<readonly EnvironmentSnapshot[]>;

  /** Who created and destroyed what, newest first. */
  audit(query: AuditQuery): Promise<readonly AuditEntry[]>;

  images(): Promise<readonly ImageSummary[]>;
  /** Builds a folder of images_dir unless it is built. @throws BerthError `image_not_found`, `setup_failed` */
  buildImage(name: string, onProgress: (message: string) => void): Promise<ImageSummary>;

  /** Builds an image of any folder unless one of that name is there. @throws BerthError `setup_failed`, `provider_unavailable` */
  buildFolder(
    image: { readonly folder: string; readonly reference: string },
    onProgress: (message: string) => void,
  ): Promise<void>;

  /** Other controllers send requests there, unless `advertise_url` says where. @throws BerthError `storage_failed` */
  listensOn(url: string): Promise<void>;

  /** Releases what this process holds; sandboxes go on. */
  close(): Promise<void>;
}

export interface ComposeOptions {
  /**
   * `controller`: resumes the rollouts of the data directory and reaps what nobody owns. `command`: touches no rollout
   * and no sandbox that it did not make itself, because a controller may be using the same directory. `observer`: removes not even what
   * others have left half made.
   */
  readonly role: "controller" | "command" | "observer";
  /** For the names that sandboxes may reach. Default: the machine's name servers. */
  readonly resolve?: Resolve;
  /** Instead of the one that the configuration names: a cluster that is simulated. */
  readonly provider?: Provider;
}

export type Compose = (config: Config, log: Logger, options: ComposeOptions) => Promise<Berth>;
