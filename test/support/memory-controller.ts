import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Claims } from "../../src/controllers/claims.ts";
import { Membership } from "../../src/controllers/membership.ts";
import { systemClock, type Clock } from "../../src/core/clock.ts";
import { systemIds } from "../../src/core/ids.ts";
import { silentLogger } from "../../src/core/log.ts";
import { noMeasures, type Measures } from "../../src/core/measures.ts";
import { createDial, type DiallerOptions } from "../../src/egress/dialler.ts";
import { connectGuest } from "../../src/guest/connect-guest.ts";
import type { Grader } from "../../src/grader/grader.ts";
import { createGraders } from "../../src/grader/registry.ts";
import { CONTROLLER } from "../../src/model/audit.ts";
import type { EnvironmentInput } from "../../src/model/environment.ts";
import { environment as environmentSchema } from "../../src/model/environment.ts";
import { createMemoryProvider } from "../../src/provider/memory/memory-provider.ts";
import type { Program } from "../../src/provider/memory/shell/shell.ts";
import { MemoryWorld } from "../../src/provider/memory/world.ts";
import type { Provider } from "../../src/provider/provider.ts";
import { noItemRules } from "../../src/rollout/environment-of-item.ts";
import { Rollouts } from "../../src/rollout/service.ts";
import { Admission } from "../../src/sandbox/admission/admission.ts";
import type { AvailableMemory } from "../../src/sandbox/admission/machine-room.ts";
import { WaitingRoom } from "../../src/sandbox/admission/waiting-room.ts";
import { Pool } from "../../src/sandbox/pool/pool.ts";
import type { ConnectGuest } from "../../src/sandbox/readiness.ts";
import { SandboxLauncher } from "../../src/sandbox/launcher.ts";
import { loadProfiles, profileNamed } from "../../src/sandbox/profiles.ts";
import { SnapshotBuilder } from "../../src/snapshot/builder.ts";
import { Manifests } from "../../src/snapshot/manifest.ts";
import { Mirrors } from "../../src/snapshot/mirror.ts";
import { AuditTrail } from "../../src/store/audit-trail.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import type { Store } from "../../src/store/store.ts";
import { builtinTools } from "../../src/tool/builtin-tools.ts";
import { createToolRegistry } from "../../src/tool/registry.ts";
import type { Tool } from "../../src/tool/tool.ts";

export interface MemoryControllerOptions {
  /** Put between the service and what it stands on, to fail or to wait at will. */
  readonly provider?: (provider: Provider) => Provider;
  readonly store?: (store: Store) => Store;
  readonly connect?: (connect: ConnectGuest) => ConnectGuest;
  readonly grader?: Grader;
  /** Instead of the tools that Berth comes with. */
  readonly tools?: readonly Tool[];
  readonly programs?: Readonly<Record<string, Program>>;
  readonly clock?: Clock;
  /** Whether other controllers may share its world and its store. */
  readonly siblings?: boolean;
  readonly measures?: Measures;
  /** Of sandboxes that may reach something; without it no name resolves. */
  readonly network?: Partial<DiallerOptions>;
  readonly limits?: Partial<{
    starting: number;
    gradings: number;
    waiting: number;
    pool: number;
    live: number;
    toolCallMs: number;
  }>;
  /** Bytes that the machine has left. */
  readonly availableMemory?: AvailableMemory;
}

const profilesDir = join(import.meta.dirname, "../../sandbox-profiles");

/** Rewards what the file `answer` of the change set says; 0 without one. */
const answerGrader: Grader = {
  type: "tests",
  grade: async (_spec, { changeSet, openSandbox }) => {
    await using clean = await openSandbox();
    await clean.guest.health();
    const answer = changeSet.written.find(({ path }) => path === "answer");
    const reward = answer ? Number(Buffer.from(answer.content, "base64").toString("utf8")) : 0;
    return { name: "tests", type: "tests", reward, summary: `the answer is ${reward}`, evidence: {}, flags: [] };
  },
};

/**
 * The rollouts of one controller on the memory provider and an in-memory store, and its successors on the same world.
 * Its disposal fails when a sandbox or an intent is left although no rollout is live.
 */
export async function memoryController(options: MemoryControllerOptions = {}) {
  const dir = await mkdtemp(join(tmpdir(), "berth-memory-"));
  const world = new MemoryWorld();
  const profiles = await loadProfiles(profilesDir);
  let storeAheadMs = 0;
  const durable = await openSqliteStore(":memory:", { clock: { now: () => Date.now() + storeAheadMs } });

  const start = (change: MemoryControllerOptions = options) => {
    const bare = createMemoryProvider({ world, programs: change.programs ?? {} });
    const provider = change.provider?.(bare) ?? bare;
    const measures = change.measures ?? noMeasures;
    const clock = change.clock ?? systemClock;
    const membership = new Membership({
      leases: durable.leases,
      clock,
      log: silentLogger,
      id: systemIds.uuid(),
      role: "controller",
      exclusive: !change.siblings,
    });
    const claims = new Claims(membership);
    const fenced = durable.fencedBy(claims);
    const store = change.store?.(fenced) ?? fenced;
    const audit = new AuditTrail({ log: store.audit, clock, logger: silentLogger, self: CONTROLLER });
    const launcher = new SandboxLauncher({
      provider,
      store,
      audit,
      clock,
      ids: systemIds,
      log: silentLogger,
      measures,
      claims,
      ...(change.connect ? { connect: change.connect(connectGuest) } : {}),
      owner: "ours",
    });
    const builder: SnapshotBuilder = new SnapshotBuilder({
      provider,
      mirrors: new Mirrors(join(dir, "mirrors"), process.env),
      manifests: new Manifests(join(dir, "manifests")),
      workDir: join(dir, "work"),
      openSandbox: (request) => launcher.launch(request),
      trustedProfile: profileNamed(profiles, "trusted"),
      processEnv: process.env,
      onRemoving: (key) => pool.drop(key),
    });
    const admission = new Admission({
      starting: change.limits?.starting ?? 4,
      gradings: change.limits?.gradings ?? 4,
      memoryFloor: 1024 * 1024 * 1024,
      availableMemory: change.availableMemory ?? (async () => undefined),
      clock,
      measures,
    });
    const waitingRoom = new WaitingRoom({
      places: change.limits?.waiting ?? 1000,
      clock,
      measures,
      startsPerSecond: () => admission.startsPerSecond(),
    });
    const limit = change.limits?.pool ?? 0;
    const pool = new Pool({ launcher, admission, clock, measures, log: silentLogger, limit });
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
      registry: createToolRegistry(change.tools ?? builtinTools),
      graders: { ...createGraders(systemIds), tests: change.grader ?? answerGrader },
      profiles,
      dial: createDial({
        resolve: async () => [],
        connect: async () => {
          throw new Error("Nothing is connected in this test.");
        },
        privateHosts: new Set(),
        isOwn: () => false,
        ownPort: 0,
        ...change.network,
      }),
      items: noItemRules,
      clock,
      ids: systemIds,
      log: silentLogger,
      measures,
      limits: { live: 100, toolCallMs: 60_000, ...change.limits },
    });
    return { service, launcher, builder, provider, store, membership, claims };
  };

  const sandboxes = () => [...world.sandboxes.values()].map(({ handle }) => handle);
  let current = start();
  await current.membership.join();
  const succeed = async (change: MemoryControllerOptions = {}) => {
    await current.membership.leave();
    current = start({ ...options, ...change });
    await current.membership.join();
    await current.service.resume();
  };
  return {
    get service() {
      return current.service;
    },
    get launcher() {
      return current.launcher;
    },
    get builder() {
      return current.builder;
    },
    get store() {
      return current.store;
    },
    world,
    dir,
    sandboxes,

    /** A rollout of a small environment, once it is active or has ended. */
    async rollout(change: Partial<EnvironmentInput> = {}) {
      const { rollout } = await current.service.create({ environment: smallEnvironment(change) });
      return current.service.waitUntilSettled(rollout.rollout_id, 10_000);
    },

    /** Another controller beside the first, which resumes what is free. The caller ends it: `end`, or `leave` for one that is given up. */
    async sibling(change: MemoryControllerOptions = {}) {
      const other = start({ ...options, ...change, siblings: true });
      await other.membership.join();
      await other.service.resume();
      const end = async () => {
        await other.service.drain(5_000);
        await other.membership.leave();
      };
      return { ...other, end };
    },

    get membership() {
      return current.membership;
    },

    /** By the store's clock every lease ends that is not renewed from then on. */
    endLeases() {
      storeAheadMs += 20_000;
    },

    /** The controller ends and another takes over its world. `crash` ends it without a word. */
    async restart({ crash = false, ...change }: MemoryControllerOptions & { crash?: boolean } = {}) {
      if (!crash) await current.service.drain(5_000);
      await succeed(change);
    },

    /** Closes all rollouts; nothing may be left then. */
    async [Symbol.asyncDispose]() {
      try {
        // One that was drained has given its rollouts back.
        if ((await durable.leases.free(1)).length > 0) await succeed();
        for (const { rollout_id } of await durable.rollouts({ limit: 1_000_000 }))
          await current.service.close(rollout_id);
        const left = [...sandboxes().map(({ id }) => id), ...(await durable.intents()).map(({ id }) => id)];
        if (left.length > 0) throw new Error(`left behind: ${left.join(", ")}`);
      } finally {
        await current.membership.leave();
        await durable.close();
        await rm(dir, { recursive: true, force: true });
      }
    },
  };
}

/** An environment without a repository that is graded by its file `answer`. */
export const smallEnvironment = (change: Partial<EnvironmentInput> = {}) =>
  environmentSchema.parse({
    name: "small",
    graders: [{ type: "tests", command: "npx vitest run" }],
    ...change,
  });

/** Runs a command line by the shell tool. */
export const shell = (command: string, call_id?: string) => ({
  ...(call_id === undefined ? {} : { call_id }),
  arguments: { command },
});

/** The code that a promise fails with; undefined when it does not. */
export const codeOf = (promise: Promise<unknown>): Promise<string | undefined> =>
  promise.then(
    () => undefined,
    (thrown: unknown) => (thrown as { code?: string }).code ?? String(thrown),
  );

/** The same object with some of its methods replaced; what `change` gives is looked up at each use. */
export function altered<T extends object>(target: T, change: (target: T) => Partial<T>): T {
  return new Proxy(target, {
    get(_, name): unknown {
      const changed: unknown = Reflect.get(change(target), name);
      const member = changed ?? Reflect.get(target, name);
      return typeof member === "function" ? (member.bind(target) as unknown) : member;
    },
  });
}
