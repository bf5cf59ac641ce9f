import { randomUUID } from "node:crypto";
import type { Reply } from "../../support/controller-process.ts";
import { heldBeyond, heldBy } from "../held.ts";
import type { Fault, Outcome } from "../fault.ts";
import type { Scene } from "../scene.ts";

const places = 16;
const waiting = 12;
/** One group alone can fill nine tenths of the places to wait. */
const least = Math.floor(waiting * 0.9);
const times = 10;
const waitSeconds = 60;

const isRefusal = ({ status, body, headers }: Reply): boolean =>
  status === 429 && body.error?.code === "overloaded" && Number(headers.get("retry-after")) >= 1;

interface Wave {
  /** Sentences about accepted rollouts that did not begin. */
  readonly lost: readonly string[];
  readonly accepted: number;
  /** Answers that are neither yes nor a refusal that says when to come again. */
  readonly odd: readonly Reply[];
}

/** Ten times as many rollouts as there are places, twice: when all are free, and when none is. Those that were accepted are ended. */
async function wave(scene: Scene): Promise<Wave> {
  const ask = (rollout_id: string, wait = 0) =>
    scene.send("POST", `/v1/rollouts?wait_seconds=${wait}`, { rollout_id, environment: scene.environment() });
  const come = () => Promise.all(Array.from({ length: places * times }, () => ask(randomUUID())));
  const first = await come();
  const accepted = first.filter(({ status }) => status === 201).map(({ body }) => String(body.rollout_id));
  const settled = await Promise.all(accepted.map((id) => ask(id, waitSeconds)));
  const lost = settled
    .filter(({ body }) => body.status !== "active")
    .map(({ body }) => `${body.rollout_id} was accepted and is ${body.status ?? body.error?.code}`);
  // Whoever came late in the first may have found a place that was free again, or not.
  const second = accepted.length < places ? [] : await come();
  for (const id of accepted) await scene.send("DELETE", `/v1/rollouts/${id}`);
  const odd = [...first.filter(({ status }) => status !== 201), ...second].filter((reply) => !isRefusal(reply));
  return { lost, odd, accepted: accepted.length };
}

async function crowd(scene: Scene): Promise<Outcome> {
  await scene.end();
  await scene.start("--max-rollouts", String(places), "--max-waiting", String(waiting));
  try {
    const waves = [await wave(scene)];
    // The connections of the first are kept and used again.
    const before = await heldBy(scene);
    waves.push(await wave(scene), await wave(scene));
    // Connections to an engine are kept, too: as many as were needed at once.
    const leaks = await heldBeyond(scene, before, places);
    const strange = waves.flatMap(({ odd }) => odd)[0];
    const right = waves.every(({ accepted }) => accepted >= least && accepted <= places) && strange === undefined;
    const said = `${waves.map(({ accepted }) => accepted).join(", ")} accepted; ${strange?.status} ${strange?.body.error?.code}`;
    return { result: right ? "done" : said, lost: waves.flatMap(({ lost }) => lost), doubled: [], leaks };
  } finally {
    await scene.end();
    await scene.start();
  }
}

export const crowds: readonly Fault[] = [
  {
    id: "clients/crowd",
    phase: "create",
    what: `${times} times as many rollouts as there are places; the rest is told to come again`,
    expected: "done",
    run: crowd,
  },
];
