import path from "node:path";
import { performance } from "node:perf_hooks";
import type { Plan } from "../../src/bench/alternate.ts";
import type { RawContainer } from "../../src/bench/raw-docker.ts";
import { measuredRow, type Row } from "../../src/bench/row.ts";
import { answerText, type Sample } from "../../src/bench/sample.ts";
import { compare, type Scenario } from "../../src/bench/scenario.ts";
import { figureAtMost, ratioAtMost } from "../../src/bench/target.ts";
import { allocatedBytes } from "../allocated.ts";
import type { HeavyBench } from "../heavy-bench.ts";
import { largeRepository } from "../repository.ts";

const scenario = "large-repository";
const environmentName = "bench-large-repository";
const FIRST_WAIT_S = 600;
const WAIT_S = 60;
/** What both must have: the commit and all its ancestors. */
const proof = "git rev-parse HEAD && git rev-list --count HEAD";

export const repositoryScenario: Scenario<HeavyBench> = {
  name: scenario,
  title: "a rollout on a repository of 300 MB and 60,000 commits, against git clone in a container",
  async run(bench) {
    const { backend, trainer, controller } = bench;
    const made = await largeRepository(bench.cacheDir, bench.say);
    bench.say(`${made.megabytes} MB, ${made.commits} commits`);
    const repo = { url: `file://${made.path}`, commit: made.commit, history: "ancestors" as const };
    await trainer.register({ ...bench.environment, name: environmentName, repo });

    const start = async (waitSeconds: number): Promise<{ id: string; ms: number }> => {
      const began = performance.now();
      const { rollout_id: id, status, error } = await trainer.create(environmentName, { waitSeconds });
      if (status !== "active") throw new Error(`The rollout is ${status}: ${error?.message}`);
      return { id, ms: performance.now() - began };
    };
    const first = await start(FIRST_WAIT_S);
    await trainer.delete(first.id);

    const disk: number[] = [];
    const berth = async (): Promise<Sample> => {
      const { id, ms } = await start(WAIT_S);
      try {
        if (backend === "oci") disk.push((await allocatedBytes(path.join(controller.dataDir, "oci/sandboxes"))) / 1e6);
        const { output } = await trainer.call(id, "shell", { command: proof });
        return { value: ms, answer: answerText(output.trim()) };
      } finally {
        await trainer.delete(id);
      }
    };

    await using container = await bench.docker?.start([`${made.path}:/repository:ro`]);
    // The repository belongs to another user than the container's.
    await container?.exec(["git", "config", "--global", "--add", "safe.directory", "*"]);
    const about = { scenario, backend };
    const against = async (what: string, origin: string, plan: Plan) => ({
      ...(await compare(bench, {
        scenario,
        what: `create → active, against ${what}`,
        plan: bench.quick ? { warmUp: 0, blocks: 2, perBlock: 1 } : plan,
        target: ratioAtMost(1 / 50),
        berth,
        docker: container && (() => clone(container, origin)),
      })),
      note: `${made.megabytes} MB, ${made.commits} commits`,
    });
    const rows: Row[] = [
      // Git copies the files of a repository on the same machine, and sends and checks every object of any other.
      await against("clone of a path", "/repository", { warmUp: 1, blocks: 8, perBlock: 1 }),
      await against("clone as from a server", "file:///repository", { warmUp: 0, blocks: 4, perBlock: 1 }),
      measuredRow({ ...about, what: "the first, snapshot included or kept", berth: [first.ms] }),
    ];
    if (disk.length > 0)
      rows.push(
        measuredRow({ ...about, what: "disk until it writes", unit: "MB", berth: disk, target: figureAtMost(2) }),
      );
    return rows;
  },
};

async function clone(container: RawContainer, origin: string): Promise<Sample> {
  const began = performance.now();
  const { exit_code } = await container.exec(["git", "clone", "--quiet", origin, "/workspace/clone"]);
  const value = performance.now() - began;
  if (exit_code !== 0) throw new Error(`git clone in the container ended with ${exit_code}.`);
  const { stdout } = await container.exec(["sh", "-c", `cd /workspace/clone && ${proof}`]);
  await container.exec(["rm", "-rf", "/workspace/clone"]);
  return { value, answer: answerText(stdout.trim()) };
}
