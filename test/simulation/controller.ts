import { CONTROLLER } from "../../src/model/audit.ts";
import { AuditTrail } from "../../src/store/audit-trail.ts";
import { Claims } from "../../src/controllers/claims.ts";
import { Membership } from "../../src/controllers/membership.ts";
import { silentLogger } from "../../src/core/log.ts";
import type { Grader } from "../../src/grader/grader.ts";
import { createGraders } from "../../src/grader/registry.ts";
import { noItemRules } from "../../src/rollout/environment-of-item.ts";
import { Rollouts } from "../../src/rollout/service.ts";
import { Admission } from "../../src/sandbox/admission/admission.ts";
import { WaitingRoom } from "../../src/sandbox/admission/waiting-room.ts";
import { SandboxLauncher } from "../../src/sandbox/launcher.ts";
import { Pool } from "../../src/sandbox/pool/pool.ts";
import { profileNamed } from "../../src/sandbox/profiles.ts";
import type { Leases } from "../../src/store/leases.ts";
import type { Store } from "../../src/store/store.ts";
import { builtinTools } from "../../src/tool/builtin-tools.ts";
import { createToolRegistry } from "../../src/tool/registry.ts";
import { DeferredFences } from "./deferred-fences.ts";
import { Gauges } from "./gauges.ts";
import type { Life } from "./life.ts";
import { connectSimulated, simulatedProvider } from "./simulated-provider.ts";
import { SimulatedSnapshots } from "./simulated-snapshots.ts";
import { simulatedStore } from "./simulated-store.ts";
import type { World } from "./world.ts";

const registry = createToolRegistry(builtinTools);

/** Rewards the file `answer` of the change set, once a clean sandbox has run a command; nothing is 0. */
const grader: Grader = {
  type: "tests",
  grade: async (_spec, { changeSet, openSandbox, signal }) => {
    await using clean = await openSandbox();
    const request = { callId: "grading", argv: ["grade"], env: {}, timeoutMs: 5_000, headBytes: 100, tailBytes: 100 };
    await clean.guest.exec(request, { signal });
    const answer = changeSet.written.find(({ path }) => path === "answer");
    const reward = answer ? Number(Buffer.from(answer.content, "base64").toString("utf8")) : 0;
    return { name: "tests", type: "tests", reward, summary: `the answer is ${reward}`, evidence: {}, flags: [] };
  },
};

/** The real rollouts of one controller process, on everything simulated. */
export interface Controller {
  readonly life: Life;
  readonly service: Rollouts;
  readonly membership: Membership;
  readonly leases: Leases;
  readonly gauges: Gauges;
  readonly snapshots: SimulatedSnapshots;
  readonly pool: Pool;
  readonly admission: Admission;
  /** Set once it takes requests. */
  open: boolean;
}

export function startController(life: Life, world: World, durable: Store): Controller {
  const { profiles, random, faults, changes } = world;
  const clock = life.clock(world.clock);
  const gauges = new Gauges(world.ledger);
  const bare = simulatedProvider(life, world);
  const provider = changes.provider?.(bare) ?? bare;
  const common = { clock, measures: gauges.measures, log: silentLogger };
  const ids = random.fork();
  const id = ids.uuid();
  const claims: Claims = new Claims({
    id,
    get holds() {
      return membership.holds;
    },
  });
  const fences = new DeferredFences(claims);
  const reached = simulatedStore(durable.fencedBy(fences), fences, life, world);
  const store = changes.store?.(reached) ?? reached;
  const { leases } = store;
  const membership = new Membership({ leases, clock, log: silentLogger, id, role: "controller", exclusive: true });
  const audit = new AuditTrail({ log: store.audit, clock, logger: silentLogger, self: CONTROLLER });
  const launcher = new SandboxLauncher({
    ...common,
    audit,
    provider,
    store,
    ids,
    claims,
    owner: "ours",
    connect: connectSimulated(life, world),
  });
  const snapshots = new SimulatedSnapshots(life, world, {
    provider,
    trustedProfile: profileNamed(profiles, "trusted"),
  });
  const admission = new Admission({
    starting: world.limits.starting,
    gradings: world.limits.starting,
    memoryFloor: 1024 ** 3,
    availableMemory: () =>
      life.cross("looks at the memory", async () => (faults.happens("machine_full") ? 1024 ** 2 : 1024 ** 4)),
    clock,
    measures: gauges.measures,
  });
  const waitingRoom = new WaitingRoom({
    places: world.limits.live,
    clock,
    measures: gauges.measures,
    startsPerSecond: () => admission.startsPerSecond(),
  });
  const pool = new Pool({ ...common, launcher, admission, limit: world.limits.pool });
  const service = new Rollouts({
    ...common,
    store,
    audit,
    waitingRoom,
    membership,
    claims,
    launcher,
    admission,
    pool,
    builder: snapshots,
    registry,
    graders: { ...createGraders(ids), tests: grader },
    profiles,
    dial: () => Promise.reject(new Error("Nothing is connected here.")),
    items: noItemRules,
    ids,
    limits: { live: world.limits.live, toolCallMs: 60_000 },
  });
  return { life, service, membership, leases, gauges, snapshots, pool, admission, open: false };
}
