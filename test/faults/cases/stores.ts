import { setTimeout as sleep } from "node:timers/promises";
import { ControllerProcess, type Reply } from "../../support/controller-process.ts";
import { newDatabase, whyNoPostgres } from "../../support/postgres-database.ts";
import { wireTo } from "../../support/wire.ts";
import type { Fault, Outcome } from "../fault.ts";
import { errorOf, Journey, travel } from "../journey.ts";
import { untilRuns } from "../../support/host-processes.ts";
import { longNap } from "../processes.ts";
import { Scene } from "../scene.ts";

const lookAgainMs = 200;
const deadlineMs = 90_000;

/** A scene whose records are in PostgreSQL, by way of a wire that can go dead. */
async function onPostgres(run: (scene: Scene, wire: Awaited<ReturnType<typeof wireTo>>) => Promise<Outcome>) {
  const why = whyNoPostgres();
  if (why !== undefined) throw new Error(why);
  await using database = await newDatabase();
  await using wire = await wireTo(database.url);
  await using scene = await Scene.open({ backend: "oci" });
  await scene.start("--store-url", wire.url);
  const calm = await travel(scene, { at: "create" });
  if (calm.result !== "active") throw new Error(`Without a fault a rollout on PostgreSQL is ${calm.result}.`);
  await scene.baseline.take();
  const outcome = await run(scene, wire);
  return { ...outcome, leaks: await scene.baseline.leaks() };
}

/** Asks again until the answer is none of those that say to come back. */
async function untilServed(ask: () => Promise<Reply>): Promise<Reply> {
  const giveUpAt = Date.now() + deadlineMs;
  for (;;) {
    const reply = await ask();
    if (reply.status < 500 || reply.body.error?.retryable !== true || Date.now() > giveUpAt) return reply;
    await sleep(lookAgainMs);
  }
}

/** The wire is dead from the middle of a call until that call and a create have been answered. */
const silent = (scene: Scene, wire: Awaited<ReturnType<typeof wireTo>>): Promise<Outcome> => {
  const command = "sleep 1";
  const seen: string[] = [];
  return new Journey(scene, {
    at: "call",
    command,
    before: {
      async call(journey) {
        const { method, url, body } = journey.request("call");
        scene.baseline.expect(journey.id, `grade:${journey.id}`);
        const asked = scene.send(method, url, body);
        wire.blackHole();
        const created = scene.send("POST", "/v1/rollouts?wait_seconds=60", { environment: scene.environment() });
        seen.push(errorOf(await asked), errorOf(await created));
        wire.mend();
        await untilServed(() => scene.send("GET", journey.path));
        await untilServed(() => scene.send(method, url, body));
      },
    },
  })
    .travel()
    .then((outcome) => ({ ...outcome, result: `${seen.join(", ")}; with the database again: ${outcome.result}` }));
};

/** One of two controllers stops in the middle of a call for longer than its lease, and goes on. */
async function pausedPastItsLease(scene: Scene, flags: readonly string[]): Promise<Outcome> {
  const two = await ControllerProcess.start({ backend: "oci", dataDir: scene.dataDir, flags });
  try {
    const nap = longNap();
    const journey = new Journey(scene, { at: "call", command: nap });
    scene.baseline.expect(journey.id, `grade:${journey.id}`);
    await journey.create();
    const { method, url, body } = journey.request("call");
    const { pid } = scene.controller;
    const asked = scene.send(method, url, body);
    await untilRuns(nap);
    process.kill(pid, "SIGSTOP");
    const look = { call_id: "look", arguments: { command: "cat lines | wc -l" } };
    const taken = await untilServed(() => two.send(method, url.replace(/[^/]+$/, "shell"), look));
    process.kill(pid, "SIGCONT");
    const refused = await asked;
    const again = await untilServed(() => scene.send(method, url, body));
    const lines = Number(taken.body.output);
    const graded = await untilServed(() => two.send("POST", `${journey.path}/grade`, {}));
    const closed = await scene.send("DELETE", journey.path);
    const codes = ["fenced", "outcome_unknown"];
    const told = codes.includes(errorOf(refused)) ? "refused" : errorOf(refused);
    return {
      result: `${told}, then ${errorOf(again)}; grade: ${graded.body.status} ${graded.body.reward}; close: ${closed.body.status}`,
      lost: lines === 0 ? ["the line that the call left is not there"] : [],
      doubled: lines > 1 ? [`append ran ${lines} times`] : [],
    };
  } finally {
    await two.end("SIGTERM");
  }
}

export const stores: readonly Fault[] = [
  {
    id: "postgres/silent",
    phase: "call",
    what: "PostgreSQL takes no more bytes and gives none from the start of a call on",
    expected: "storage_failed, storage_failed; with the database again: done, replayed",
    backends: ["oci"],
    seconds: 240,
    run: () => onPostgres(silent),
  },
  {
    id: "controller/paused-past-its-lease",
    phase: "call",
    what: "one of two controllers on PostgreSQL stopped by SIGSTOP until the other has taken its rollout, then SIGCONT",
    expected: "refused, then outcome_unknown; grade: scored 1; close: closed",
    backends: ["oci"],
    seconds: 240,
    run: () => onPostgres((scene, wire) => pausedPastItsLease(scene, ["--store-url", wire.url])),
  },
];
