import { originRepository } from "../../support/origin-repository.ts";
import { crashCases, type CrashCase } from "../crash-cases.ts";
import type { Fault, Outcome, Phase } from "../fault.ts";
import { travel, whileItRuns } from "../journey.ts";
import { guestOf } from "../processes.ts";
import { Scene } from "../scene.ts";

type Drive = (scene: Scene, crash: CrashCase) => Promise<Outcome>;

/** How a rollout is brought to where the crash point is passed. */
const drives: Readonly<Record<Phase, Drive>> = {
  start: (scene, crash) => (crash.point.startsWith("store.") ? firstStart(scene, crash) : restart(scene, crash)),

  async build(scene, { point }) {
    await using origin = await originRepository();
    const commit = await origin.commit({ "README.md": point });
    const environment = scene.environment({ repo: { url: origin.url, commit }, setup: ["echo built > /built"] });
    return await travel(scene, { at: "create", environment, before: { create: () => scene.arm(point) } });
  },

  async create(scene, { point }) {
    // The guest's binary is looked for once in a controller's life.
    if (point === "docker.helper-made") {
      await scene.end();
      await scene.start();
    }
    return travel(scene, { at: "create", before: { create: () => scene.arm(point) } });
  },

  async pool(scene, { point }) {
    const environment = scene.environment({ name: "pooled", warm: 1 });
    await scene.end();
    await scene.start("--pool-sandboxes", "1");
    if (point === "pool.started") await scene.arm(point);
    await scene.send("POST", "/v1/environments", { environment });
    await untilPoolIsReady(scene);
    const arm = async () => void (point !== "pool.started" && (await scene.arm(point)));
    const outcome = await travel(scene, { at: "create", environment: environment.name, before: { create: arm } });
    await scene.end();
    await scene.start();
    return outcome;
  },

  call(scene, { point }) {
    if (point !== "call.unknown" && point !== "rollout.failed")
      return travel(scene, { at: "call", before: { call: () => scene.arm(point) } });
    return travel(
      scene,
      whileItRuns({}, async ({ id }) => {
        await scene.arm(point);
        process.kill(await guestOf(scene, id), "SIGKILL");
      }),
    );
  },

  grade: (scene, { point }) => travel(scene, { at: "grade", before: { grade: () => scene.arm(point) } }),

  expire(scene, { point }) {
    const environment = scene.environment({ budget: { idle_seconds: 2 } });
    return travel(scene, {
      at: "close",
      environment,
      before: { call: () => scene.arm(point) },
      after: { call: async (journey) => void (await journey.untilEnded()) },
    });
  },

  close: (scene, { point }) =>
    travel(scene, { at: "close", without: "grade", before: { close: () => scene.arm(point) } }),

  async drain(scene, { point }) {
    await scene.end();
    await scene.start("--drain-seconds", "1");
    const outcome = await travel(
      scene,
      whileItRuns({}, async () => {
        await scene.arm(point);
        process.kill(scene.controller.pid, "SIGTERM");
      }),
    );
    await scene.end();
    await scene.start();
    return outcome;
  },
};

/** A data directory of its own: its tables are made for the first time. */
async function firstStart(scene: Scene, { point }: CrashCase): Promise<Outcome> {
  await using fresh = await Scene.open({ backend: scene.backend });
  await fresh.arm(point);
  await fresh.start();
  const outcome = await travel(fresh, { at: "create" });
  return {
    ...outcome,
    result: fresh.deaths === 0 ? neverReached : outcome.result,
    leaks: await fresh.baseline.leaks(),
  };
}

/** The controller that takes up what a killed one left is killed, too. */
const restart: Drive = (scene, { point }) =>
  travel(
    scene,
    whileItRuns({}, async () => {
      await scene.arm(point);
      process.kill(scene.controller.pid, "SIGKILL");
    }),
  );

async function untilPoolIsReady(scene: Scene): Promise<void> {
  const giveUpAt = Date.now() + 30_000;
  for (;;) {
    const { body } = await scene.send("GET", "/metrics");
    if (/^berth_pool_ready\{[^}]*\} [1-9]/m.test(String(body))) return;
    if (Date.now() > giveUpAt) throw new Error("The pool never has a sandbox.");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const neverReached = "never reached";

function asFault(crash: CrashCase): Fault {
  const { point, phase, expected, backends } = crash;
  return {
    id: `crash/${phase}/${point}`,
    phase,
    what: `controller killed at ${point}`,
    expected,
    ...(backends ? { backends } : {}),
    async run(scene) {
      const outcome = await drives[phase](scene, crash);
      if (!scene.isArmed) return outcome;
      await scene.disarm();
      return { ...outcome, result: neverReached };
    },
  };
}

export const crashes: readonly Fault[] = crashCases.map(asFault);
