import type { Fault, Outcome } from "../fault.ts";
import { Engine } from "../engine.ts";
import { errorOf, travel, type Journey, type JourneyOptions } from "../journey.ts";
import { Scene } from "../scene.ts";

type Change = (engine: Engine, scene: Scene) => JourneyOptions;

/** A rollout on an engine of its own. */
async function onOwnEngine(change: Change): Promise<Outcome> {
  await using engine = await Engine.start();
  await using scene = await Scene.open({ backend: "docker", engine });
  await scene.start();
  const calm = await travel(scene, { at: "create" });
  if (calm.result !== "active") throw new Error(`Without a fault a rollout on an engine of its own is ${calm.result}.`);
  await scene.baseline.take();
  const outcome = await travel(scene, change(engine, scene));
  return { ...outcome, leaks: await scene.baseline.leaks() };
}

async function restarted(engine: Engine): Promise<void> {
  await engine.down();
  await engine.up();
}

const ended = (code: string): string => [code, `grade: unscored: ${code}`, `close: failed: ${code}`].join("; ");

const only = ["docker"] as const;

export const daemons: readonly Fault[] = [
  {
    id: "daemon/restarted",
    phase: "call",
    what: "dockerd restarted while the rollout is active",
    expected: ended("sandbox_lost"),
    backends: only,
    seconds: 150,
    run: () => onOwnEngine((engine) => ({ at: "call", before: { call: () => restarted(engine) } })),
  },
  {
    id: "daemon/down-at-create",
    phase: "create",
    what: "dockerd down when a sandbox is asked for",
    expected: [
      "failed: provider_unavailable",
      "call: provider_unavailable",
      "grade: unscored: provider_unavailable",
      "close: failed: provider_unavailable",
    ].join("; "),
    backends: only,
    seconds: 150,
    run: () =>
      onOwnEngine((engine) => ({
        at: "create",
        before: { create: () => engine.down() },
        after: { create: () => engine.up() },
      })),
  },
  {
    id: "daemon/down-at-close",
    phase: "close",
    what: "dockerd down when the rollout is closed, and up again when that is asked for once more",
    expected: "closed",
    backends: only,
    seconds: 150,
    run: () =>
      onOwnEngine((engine, scene) => ({
        at: "close",
        without: "grade",
        before: {
          async close(journey: Journey) {
            await engine.down();
            const { method, url } = journey.request("close");
            const refused = errorOf(await scene.send(method, url));
            await engine.up();
            if (refused !== "teardown_failed") throw new Error(`Without a daemon closing says ${refused}.`);
          },
        },
      })),
  },
];
