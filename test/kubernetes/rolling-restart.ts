import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import type { EvidenceRow } from "../../src/core/evidence.ts";
import type { EnvironmentInput } from "../../src/model/environment.ts";
import { SeededRandom } from "../simulation/seeded-random.ts";
import { Tally } from "../soak/tally.ts";
import { Trainer } from "../soak/trainer.ts";
import type { ControllerProcess } from "../support/controller-process.ts";
import { newDatabase } from "../support/postgres-database.ts";
import { shown } from "./shown.ts";
import { smallEnvironment, Stage } from "./stage.ts";
import { untilPlayed } from "./until-played.ts";

const atOnce = 6;
const rounds = 2;

/** Two controllers on one PostgreSQL, replaced one after the other while rollouts are played: any of them answers for any. */
export async function rollingRestart(): Promise<EvidenceRow[]> {
  await using database = await newDatabase();
  await using stage = await Stage.open();
  const start = () => stage.controller("--store-url", database.url, "--pool-sandboxes", "2", "--log-level", "error");
  const running: ControllerProcess[] = [await start(), await start()];
  const random = new SeededRandom(1);
  const tally = new Tally();
  const environment = {
    ...smallEnvironment,
    resources: { ...smallEnvironment.resources },
    graders: [await grader(stage)],
  };
  const trainer = new Trainer({ controller: () => random.pick(running), environment, random, tally, idle: 0 });
  const over = new AbortController();
  const play = async () => {
    while (!over.signal.aborted) await trainer.rollout();
  };
  const load = Promise.all(Array.from({ length: atOnce }, play));
  const exits: (number | null)[] = [];
  try {
    for (let at = 0; at < rounds * 2; at++) {
      await untilPlayed(tally, tally.rollouts + atOnce);
      const oldest = running.shift();
      const code = await oldest?.end("SIGTERM");
      exits.push(code ?? null);
      if (code !== 0) console.error(`A controller ended with ${code}: ${await oldest?.lastWords()}`);
      running.push(await start());
    }
    await untilPlayed(tally, tally.rollouts + atOnce);
  } finally {
    over.abort();
    await load;
    for (const controller of running) await controller.end("SIGTERM");
  }
  const left = await stage.leftovers(60_000);
  const refusals = [...tally.refusals].map(([code, times]) => `${code} ${times}`).join(", ");
  return [
    shown("exits of controllers that were replaced under load", exits.join(" "), exits.map(() => "0").join(" ")),
    shown("calls that ran twice or were answered by another's", tally.wrong.slice(0, 3).join("; ") || "none", "none", {
      rollouts: tally.rollouts,
      calls_answered: tally.answered,
    }),
    shown("errors that a caller saw", refusals || "none", "none"),
    shown("what is left when both have ended", left.join(", ") || "nothing", "nothing"),
  ];
}

/** Whatever was done, its test passes: it is the life of rollouts that is looked at. */
async function grader({ dataDir }: Stage): Promise<NonNullable<EnvironmentInput["graders"]>[number]> {
  const files = path.join(dataDir, "hidden");
  await mkdir(files, { recursive: true });
  await writeFile(path.join(files, "check.sh"), 'echo "TAP version 13"\necho "ok 1 here"\necho "1..1"\n');
  return { type: "tests", framework: "tap", command: "sh check.sh", files, canaries: false, fail_to_pass: ["here"] };
}
