import { userInfo } from "node:os";
import { join } from "node:path";
import type { Berth, Compose, ImageSummary } from "./cli/berth.ts";
import { chooseProvider, embeddingsOf, isOnThisMachine, judgeOf, openStore } from "./backends.ts";
import { CodeIndexes } from "./code-index/indexes.ts";
import { dockerConnection } from "./config/docker-connection.ts";
import { evict } from "./cli/evict.ts";
import { sweep } from "./cli/sweep.ts";
import { removeOldRecords } from "./cli/old-records.ts";
import { processEnvironment } from "./config/process-environment.ts";
import type { Config } from "./config/schema.ts";
import { Claims } from "./controllers/claims.ts";
import { Membership } from "./controllers/membership.ts";
import { assertOnePlace, folderPlace } from "./controllers/one-place.ts";
import { systemClock } from "./core/clock.ts";
import { BerthError } from "./core/errors.ts";
import { systemIds } from "./core/ids.ts";
import { lockHolder } from "./core/lock-file.ts";
import { createDial } from "./egress/dialler.ts";
import { connectToAddress, isOwnAddress, resolveName } from "./egress/network.ts";
import { createGraders } from "./grader/registry.ts";
import { createMetrics } from "./http/metrics/metrics.ts";
import { RolloutKeys } from "./http/rollout-keys.ts";
import { CONTROLLER } from "./model/audit.ts";
import { unfinishedStatuses } from "./model/rollout.ts";
import { buildFolder, buildImage } from "./provider/docker/build-image.ts";
import { listFolderImages } from "./provider/docker/list-images.ts";
import type { Provider } from "./provider/provider.ts";
import { Rollouts } from "./rollout/service.ts";
import { Admission } from "./sandbox/admission/admission.ts";
import { availableMemory } from "./sandbox/admission/machine-room.ts";
import { takeLock } from "./sandbox/controller-lock.ts";
import { WaitingRoom } from "./sandbox/admission/waiting-room.ts";
import { SandboxLauncher } from "./sandbox/launcher.ts";
import { Pool } from "./sandbox/pool/pool.ts";
import { loadProfiles, profileNamed } from "./sandbox/profiles.ts";
import { findLeaks, type Leak } from "./sandbox/leaks.ts";
import { SnapshotBuilder } from "./snapshot/builder.ts";
import { imageCache, snapshotCache } from "./snapshot/caches.ts";
import type { EvictionLimits } from "./snapshot/eviction.ts";
import { Evictor } from "./snapshot/evictor.ts";
import { Manifests } from "./snapshot/manifest.ts";
import { Mirrors } from "./snapshot/mirror.ts";
import { snapshotsOf } from "./snapshot/of-environments.ts";
import { AuditTrail } from "./store/audit-trail.ts";
import { Retention } from "./store/retention.ts";
import { builtinTools } from "./tool/builtin-tools.ts";
import { createToolRegistry } from "./tool/registry.ts";

const GIGABYTE = 1e9;
const DAY_MS = 86_400_000;
/** What was used in this time is not evicted. */
const RECENT_MS = 600_000;
const EVICTION_PAUSE_MS = 600_000;
const RETENTION_PAUSE_MS = 3_600_000;

/** Puts a controller together from the backends that its configuration names. */
export const compose: Compose = async (config, log, { role, resolve = resolveName, provider: given }) => {
  const processEnv = processEnvironment();
  const lockFile = join(config.data_dir, "controller.pid");
  await using started = new AsyncDisposableStack();
  // In a database that is a file, no other controller can be.
  const isAlone = config.store_url === "";
  if (role === "controller" && isAlone) started.use(await takeLock(lockFile));
  const durable = await openStore(config, log);
  started.defer(() => durable.close());
  const { leases } = durable;
  const provider = given ?? (await chooseProvider(config, log, { onlyLooks: role === "observer" }));
  started.defer(() => provider.close());
  const member = role === "controller" ? "controller" : "command";
  const exclusive = isAlone && role === "controller";
  const membership = new Membership({ leases, clock: systemClock, log, id: systemIds.uuid(), role: member, exclusive });
  started.defer(() => membership.leave());
  const claims = new Claims(membership);
  const store = durable.fencedBy(claims);
  if (role === "controller") {
    if (isAlone) await leases.releaseControllers();
    await membership.join();
    if (!isAlone) await assertOnePlace(durable, await placeOf(provider, config), membership.id);
  }

  const registry = createToolRegistry(builtinTools);
  const metrics = createMetrics({ tools: registry.names });
  const { measures } = metrics;

  const profiles = await loadProfiles(config.profiles_dir);
  const owner = await store.installationId(systemIds.uuid());
  const rolloutKeys = new RolloutKeys(await store.rolloutKeySecret(systemIds.hex(32)));
  const self = role === "controller" ? CONTROLLER : `cli:${userInfo().username}`;
  const audit = new AuditTrail({ log: store.audit, clock: systemClock, logger: log, self });
  const launcher = new SandboxLauncher({
    provider,
    store,
    audit,
    clock: systemClock,
    ids: systemIds,
    log,
    measures,
    claims,
    owner,
  });
  /** Of processes that live, but for controllers that can only have died: that a file names one says little. */
  const othersAtWork = async () => {
    const areControllersGone = isAlone && (await lockHolder(lockFile)) === undefined;
    const live = (await leases.live()).filter(({ role: of }) => of === "command" || !areControllersGone);
    return live.filter(({ id }) => id !== membership.id);
  };
  const isControlled = async () => (await othersAtWork()).some(({ role: of }) => of === "controller");
  const mirrors = new Mirrors(join(config.data_dir, "mirrors"), processEnv);
  const indexes = new CodeIndexes({
    dir: join(config.data_dir, "indexes"),
    workDir: join(config.data_dir, "work"),
    mirrors,
    processEnv,
  });
  started.use(indexes);
  const embeddings = embeddingsOf(config, { indexes, mirrors, processEnv });
  const builder: SnapshotBuilder = new SnapshotBuilder({
    provider,
    mirrors,
    manifests: new Manifests(join(config.data_dir, "manifests", provider.name), provider.manifests),
    workDir: join(config.data_dir, "work"),
    openSandbox: async (request) => {
      // Before the first sandbox of a command: its own are left alone as long as it lives.
      await membership.join();
      return launcher.launch(request);
    },
    trustedProfile: profileNamed(profiles, "trusted"),
    processEnv,
    onBuilt: async (key, environment) => {
      const detail = systemIds.hex(4);
      await audit.tell({
        action: "created",
        kind: "snapshot",
        subject: key,
        why: `of environment ${environment}`,
        detail,
      });
      // One process evicts: the one that knows all rollouts.
      if (role === "controller") evictor.soon();
    },
    onRemoved: (key, why) =>
      audit.tell({ action: "destroyed", kind: "snapshot", subject: key, why, detail: systemIds.hex(4) }),
    onRemoving: (key) => pool.drop(key),
  });
  const admission = new Admission({
    starting: config.max_starting,
    gradings: config.max_grading,
    memoryFloor: config.memory_floor_mb * 1024 * 1024,
    availableMemory: isOnThisMachine(provider, config) ? availableMemory : async () => undefined,
    clock: systemClock,
    measures,
  });
  const waitingRoom = new WaitingRoom({
    places: config.max_waiting,
    clock: systemClock,
    measures,
    startsPerSecond: () => admission.startsPerSecond(),
  });
  const limit = role === "controller" ? config.pool_sandboxes : 0;
  const pool = new Pool({ launcher, admission, clock: systemClock, measures, log, limit });
  started.defer(() => pool.close());
  const snapshots = snapshotCache(builder, {
    owner,
    ofRollouts: () => store.snapshotsOf(unfinishedStatuses),
    sandboxes: () => launcher.list(),
  });
  const evictor = new Evictor({
    groups: [
      {
        caches: [snapshots, imageCache(provider.imageCopies)],
        limits: evictionLimits(config.snapshots_max_gb, config.snapshots_max_age_days),
      },
      {
        caches: [mirrors, indexes, ...(embeddings ? [embeddings] : [])],
        limits: evictionLimits(config.mirrors_max_gb, config.mirrors_max_age_days),
      },
    ],
    clock: systemClock,
    log,
  });
  started.defer(() => evictor.close());
  const retention = new Retention({
    store,
    days: config.retention_days,
    auditDays: config.audit_days,
    clock: systemClock,
    log,
  });
  started.defer(() => retention.close());
  const service = new Rollouts({
    store,
    audit,
    membership,
    claims,
    launcher,
    admission,
    waitingRoom,
    pool,
    builder,
    registry,
    indexes,
    embeddings,
    graders: createGraders(systemIds, judgeOf(config)),
    profiles,
    dial: createDial({
      resolve,
      connect: connectToAddress,
      privateHosts: new Set(config.egress_private_hosts),
      isOwn: isOwnAddress,
      ownPort: config.port,
    }),
    items: {
      template: config.item_template,
      images: config.item_images,
      repositories: config.item_repositories,
    },
    clock: systemClock,
    ids: systemIds,
    log,
    measures,
    limits: { live: config.max_rollouts, toolCallMs: config.tool_deadline_seconds * 1000 },
  });
  if (role === "controller") {
    await builder.sweepWorkTrees();
    started.defer(() => service.rest());
    await service.resume();
    evictor.start(EVICTION_PAUSE_MS);
    retention.start(RETENTION_PAUSE_MS);
  }
  const leaks = async (): Promise<Leak[]> =>
    findLeaks({
      store,
      launcher,
      owner,
      atWork: async () => new Set((await othersAtWork()).map(({ id }) => id)),
      workTrees: () => builder.leftWorkTrees(),
    });
  const parts = started.move();

  const berth: Berth = {
    service,
    tools: builtinTools,
    config,
    log,
    provider: provider.name,
    metrics,
    rolloutKeys,
    readiness: {
      store: async () => void (await store.environments()),
      provider: async () => void (await provider.list(owner)),
      lease: async () => {
        if (!membership.holds) throw new BerthError("fenced", "The lease of this controller has ended.");
      },
    },

    leaks,

    sweep: async (how) => sweep(await leaks(), how),

    evict: ({ dryRun }) =>
      evict(evictor, {
        dryRun,
        right: async () => {
          if (role === "controller") return { [Symbol.asyncDispose]: async () => {} };
          return (await isControlled()) ? undefined : takeLock(lockFile);
        },
      }),

    removeOldRecords: (options) => removeOldRecords(retention, options),

    async snapshots() {
      const found = snapshotsOf(await service.environments(), await builder.kept(owner));
      return [...found].map(([environment, { key, bytes, lastUsedMs }]) => ({
        environment,
        key,
        bytes,
        last_used_at: new Date(lastUsedMs).toISOString(),
      }));
    },

    audit: (query) => store.audit.list(query),

    images: () => listFolderImages({ docker: dockerConnection(config.docker_host), imagesDir: config.images_dir }),

    async buildImage(name, onProgress): Promise<ImageSummary> {
      const built = await buildImage({
        docker: dockerConnection(config.docker_host),
        imagesDir: config.images_dir,
        name,
        onProgress,
      });
      return { name: built.name, digest: built.digest, built_at: new Date().toISOString() };
    },

    buildFolder: (image, onProgress) =>
      buildFolder({ ...image, docker: dockerConnection(config.docker_host), onProgress }),

    listensOn: (url) => membership.announce(config.advertise_url || url),

    close: () => parts.disposeAsync(),
  };
  return berth;
};

const evictionLimits = (maxGigabytes: number, maxDays: number): EvictionLimits => ({
  maxBytes: maxGigabytes * GIGABYTE,
  maxAgeMs: maxDays === 0 ? Infinity : maxDays * DAY_MS,
  recentMs: RECENT_MS,
});

/** Where the sandboxes and snapshots of a controller are, for it and for people. */
const placeOf = async ({ name, place }: Provider, { data_dir }: Config) =>
  place === undefined
    ? { place: await folderPlace(data_dir), words: `the data_dir ${data_dir}` }
    : { place, words: `${name}'s ${place}` };
