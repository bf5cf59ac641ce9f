import type { Fault } from "../fault.ts";
import { travel, whileItRuns, type Journey } from "../journey.ts";
import { guestOf } from "../processes.ts";
import type { Scene } from "../scene.ts";

const signalGuest = async (scene: Scene, purpose: string, signal: NodeJS.Signals): Promise<void> =>
  void process.kill(await guestOf(scene, purpose), signal);

/** A tool call's own limit, so that a guest that says nothing is given up soon: in seconds. */
const shortCalls = ["--tool-deadline-seconds", "2"] as const;

/** What is asked of a guest that does not answer ends by a deadline of the controller's. */
async function paused(scene: Scene, at: "call" | "grade"): ReturnType<typeof travel> {
  await scene.end();
  await scene.start(...shortCalls);
  const pause = ({ id }: Journey) => signalGuest(scene, id, "SIGSTOP");
  const outcome = await travel(scene, {
    at,
    before: { [at]: pause },
    ...(at === "call" ? { without: "grade" as const } : {}),
  });
  await scene.end();
  await scene.start();
  return outcome;
}

export const guests: readonly Fault[] = [
  {
    id: "guest/killed-in-a-call",
    phase: "call",
    what: "guest killed while the call runs",
    expected: "sandbox_lost; grade: unscored: sandbox_lost; close: failed: sandbox_lost",
    run: (scene) =>
      travel(
        scene,
        whileItRuns({}, ({ id }) => signalGuest(scene, id, "SIGKILL")),
      ),
  },
  {
    id: "guest/killed-before-grading",
    phase: "grade",
    what: "guest killed between the last call and grading",
    expected: "unscored: sandbox_lost; close: failed: sandbox_lost",
    run: (scene) => travel(scene, { at: "grade", before: { grade: ({ id }) => signalGuest(scene, id, "SIGKILL") } }),
  },
  {
    id: "guest/killed-before-the-end",
    phase: "close",
    what: "guest killed before the rollout is closed",
    expected: "closed",
    run: (scene) =>
      travel(scene, {
        at: "close",
        without: "grade",
        before: { close: ({ id }) => signalGuest(scene, id, "SIGKILL") },
      }),
  },
  {
    id: "guest/silent-in-a-call",
    phase: "call",
    what: "guest stopped by SIGSTOP: it never answers",
    expected: "outcome_unknown",
    seconds: 120,
    run: (scene) => paused(scene, "call"),
  },
  {
    id: "guest/silent-before-grading",
    phase: "grade",
    what: "guest stopped by SIGSTOP: it never answers",
    expected: "unscored: deadline_exceeded",
    seconds: 120,
    run: (scene) => paused(scene, "grade"),
  },
];
