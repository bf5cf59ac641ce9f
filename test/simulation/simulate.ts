import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { terminalStatuses } from "../../src/model/rollout.ts";
import type { Violation } from "./rules.ts";
import type { Fault } from "./faults.ts";
import { refuseRealTime } from "./real-time.ts";
import { Supervisor } from "./supervisor.ts";
import { Client, drawEnvironments } from "./client.ts";
import { Network } from "./network.ts";
import { createWorld, type Changes, type World } from "./world.ts";
import type { Store } from "../../src/store/store.ts";

const hour = 3_600_000;

/** What one seed came to. */
export interface Outcome {
  readonly seed: number;
  /** What must always be true and was not; none in a world that is in order. */
  readonly violations: readonly Violation[];
  /** Of all steps: two runs of one seed have the same. */
  readonly digest: string;
  readonly steps: number;
  readonly last: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
  readonly faults: Readonly<Partial<Record<Fault, number>>>;
}

export interface SimulateOptions {
  readonly changes?: Changes;
  /** Prints every step. */
  readonly echo?: boolean;
  /** Nothing else runs in this thread, so that real timers can be taken away. */
  readonly alone?: boolean;
}

/** One world from its first rollout until nothing is left of any. */
export async function simulate(seed: number, options: SimulateOptions = {}): Promise<Outcome> {
  const world = createWorld(seed, options);
  const { clock, trace, ledger, machine, faults } = world;
  const durable = await openSqliteStore(":memory:", { clock });
  const unheard = (reason: unknown) =>
    ledger.violated("explained", `nobody heard of ${reason instanceof Error ? reason.stack : String(reason)}`);
  process.on("unhandledRejection", unheard);
  try {
    using _unreal = options.alone ? refuseRealTime(world) : undefined;
    const end = Promise.race([story(world, durable), ledger.firstViolation]);
    if (await clock.passUntil(end, 100 * hour)) await end;
    else
      ledger.violated(
        "ends",
        `after ${Math.round(clock.monotonic() / 1000)} s nothing goes on, and the story is not over`,
      );
  } catch (thrown) {
    ledger.violated("explained", `the story broke off: ${thrown instanceof Error ? thrown.stack : String(thrown)}`);
  } finally {
    process.off("unhandledRejection", unheard);
    await durable.close();
  }
  return {
    seed,
    violations: ledger.violations,
    digest: trace.digest,
    steps: trace.steps,
    last: trace.last,
    counts: { ...ledger.counts, ...world.counts, sandboxes: machine.created },
    faults: Object.fromEntries(faults.happened),
  };
}

/** The storm, then calm: everything must come to its end, and work. */
async function story(world: World, durable: Store): Promise<void> {
  const { clock, random, ledger, faults, machine } = world;
  const supervisor = new Supervisor(world, durable);
  const network = new Network(world, () => supervisor.current);
  const environments = drawEnvironments(world);
  const client = (group: string, environment = random.pick(environments)) =>
    new Client(world, { network, durable, environment, group, id: random.uuid() });
  placeSibling(world);

  const running = supervisor.run();
  const clients = Array.from({ length: random.between(1, 3) }, (_, group) =>
    Array.from({ length: random.between(1, 3) }, () => client(`group-${group}`)),
  ).flat();
  await supervisor.untilOpen();
  for (const environment of environments)
    await network.ask({
      what: `register ${environment.name}`,
      send: (service) => service.registerEnvironment(environment, null),
      withinMs: hour,
    });
  await Promise.all(clients.map((one) => one.live()));

  faults.end();
  await supervisor.calm({ restart: random.chance(0.5) });
  if (random.chance(0.2)) {
    // Longer than any budget: nobody comes any more, and everything ends by itself.
    await clock.sleep(1.5 * hour);
    for (const id of ledger.rollouts) {
      const status = ledger.statusOf(id);
      if (!status || !terminalStatuses.includes(status))
        ledger.violated("ends", `the rollout ${id} is ${status} for ever`);
    }
  }
  for (const one of clients) {
    if (ledger.statusOf(one.id) === undefined) continue;
    if (!(await one.close()))
      ledger.violated("recovers", `the rollout ${one.id} could not be closed when all was well`);
    const status = ledger.statusOf(one.id);
    if (!status || !terminalStatuses.includes(status))
      ledger.violated("ends", `the rollout ${one.id} is ${status} after all`);
  }
  supervisor.expectNothingHeld();
  const canaries = Array.from({ length: world.limits.starting + 1 }, () => client("canary"));
  await Promise.all(
    canaries.slice(0, world.limits.live).map(async (canary) => {
      const wrong = await canary.answerAndGrade();
      if (wrong !== undefined) ledger.violated("recovers", `a rollout failed when all was well: ${wrong}`);
    }),
  );
  await supervisor.restart();
  await supervisor.finish();
  await running;
  await checkNothingLeft(world, durable);
  await ledger.checkRecords(durable);
  if (!machine.sandboxes.has(SIBLING)) ledger.violated("owned", "a sibling's sandbox was destroyed");
}

const SIBLING = "b-of-another-controller";

/** A sandbox of another installation on the same machine. */
function placeSibling({ machine, clock, profiles }: World): void {
  const [profile] = profiles.values();
  if (!profile) throw new Error("There is no profile.");
  machine.make({
    id: SIBLING,
    labels: { owner: "theirs", purpose: "their rollout", incarnation: "1" },
    base: { kind: "snapshot", key: "theirs" },
    profile,
    resources: { cpus: 1, memory_mb: 64, pids: 16 },
    workdir: "/workspace",
    expiresAtMs: clock.now() + 1_000 * hour,
  });
  machine.created--;
}

/** After the last controller: no sandbox, no intent, nothing unfinished. */
async function checkNothingLeft({ machine, ledger }: World, durable: Store): Promise<void> {
  const left = [...machine.sandboxes.values()].filter(({ handle }) => handle.labels.owner === "ours");
  for (const { handle } of left) ledger.violated("left", `the sandbox ${handle.id} (${handle.labels.purpose}) is left`);
  for (const { id, purpose } of await durable.intents())
    ledger.violated("left", `the intent of ${id} (${purpose}) is left`);
  for (const { rollout_id, status } of await durable.rollouts({ limit: 1_000 }))
    if (!terminalStatuses.includes(status)) ledger.violated("ends", `the rollout ${rollout_id} is ${status} for ever`);
}
