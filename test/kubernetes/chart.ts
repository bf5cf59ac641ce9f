import type { EvidenceRow } from "../../src/core/evidence.ts";
import { SeededRandom } from "../simulation/seeded-random.ts";
import { Tally } from "../soak/tally.ts";
import { Trainer } from "../soak/trainer.ts";
import { Release, type ReleaseParts } from "./release.ts";
import { smallEnvironment } from "./stage.ts";
import { untilPlayed } from "./until-played.ts";

const atOnce = 4;

/** Berth in the cluster, by its chart: two replicas behind a Service, upgraded while rollouts are played through all three addresses. */
export async function chart(parts: ReleaseParts): Promise<EvidenceRow[]> {
  await using release = await Release.install(parts);
  const { replicas, service } = await release.addresses();
  const random = new SeededRandom(1);
  const tally = new Tally();
  const environment = {
    ...smallEnvironment,
    resources: { ...smallEnvironment.resources },
    graders: [{ type: "command" as const, command: "reward 1" }],
  };
  // Each request goes to whichever comes, so that a rollout is another's as often as not.
  let doors = [...replicas, service];
  const trainer = new Trainer({ controller: () => ({ url: random.pick(doors) }), environment, random, tally, idle: 0 });
  const over = new AbortController();
  const play = async () => {
    while (!over.signal.aborted) await trainer.rollout();
  };
  const load = Promise.all(Array.from({ length: atOnce }, play));
  try {
    await untilPlayed(tally, atOnce * 2);
    // Replicas that are replaced are gone by their addresses; the Service knows who is there.
    doors = [service];
    const before = tally.rollouts;
    await release.upgrade(["settings.max_starting=77"]);
    await untilPlayed(tally, before + atOnce * 2);
  } finally {
    over.abort();
    await load;
  }
  const after = await release.addresses();
  const stayed = after.replicas.filter((address) => replicas.includes(address));
  const refusals = [...tally.refusals].map(([code, times]) => `${code} ${times}`).join(", ");
  const left = await release.sandboxes.thingsAfter(60_000);
  const row = (what: string, result: string, expected: string, figures: Record<string, number> = {}): EvidenceRow => ({
    case: what,
    backend: "kubernetes",
    result,
    expected,
    ok: result === expected,
    ...figures,
  });
  return [
    row("replicas before and after an upgrade of the chart", `${replicas.length}, ${after.replicas.length}`, "2, 2"),
    row("replicas that the upgrade left as they were", String(stayed.length), "0"),
    row("calls that ran twice or were answered by another's, through replicas and Service", wrongs(tally), "none", {
      rollouts: tally.rollouts,
      calls_answered: tally.answered,
    }),
    row("errors that a caller saw meanwhile", refusals || "none", "none"),
    row("what sandboxes left", left.join(", ") || "nothing", "nothing"),
  ];
}

const wrongs = ({ wrong }: Tally): string => wrong.slice(0, 3).join("; ") || "none";
