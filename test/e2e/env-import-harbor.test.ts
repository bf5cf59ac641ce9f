import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import Docker from "dockerode";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { StandInTrainer } from "../../src/dialects/agent-rft/stand-in/trainer.ts";
import { readEnvironmentFile } from "../../src/cli/environment-file.ts";
import { whyUnavailable } from "../support/backend-availability.ts";
import { ControllerProcess, controllerKey, dataDirectory } from "../support/controller-process.ts";
import { dockerConnection } from "../support/providers.ts";
import { removeSnapshotImages, ResidueCheck } from "../support/residue.ts";

const tasks = resolve(import.meta.dirname, "../fixtures/harbor");
const name = "berth-test__invoice-total";

describe("A task folder of Harbor's, imported into a controller on docker", () => {
  let unavailable: string | undefined;
  let place: Awaited<ReturnType<typeof dataDirectory>>;
  let controller: ControllerProcess;
  let residue: ResidueCheck;
  let image: string;

  beforeAll(async () => {
    unavailable = await whyUnavailable("docker");
    if (unavailable !== undefined) return;
    place = await dataDirectory();
    residue = await ResidueCheck.of(place.path);
    controller = await ControllerProcess.start({ backend: "docker", dataDir: place.path });
    const out = join(place.path, "tasks");
    const args = ["--out", out, "--data-dir", place.path, "--provider", "docker", "--url", controller.url];
    const run = await controller.cli(["env", "import", tasks, ...args]);
    if (run.code !== 0 || !run.stdout.startsWith("1 written")) throw new Error(`${run.stdout}\n${run.stderr}`);
    image = readEnvironmentFile(join(out, name, "environment.yaml")).environment.image;
  });

  beforeEach(({ skip }) => skip(unavailable !== undefined, unavailable));

  afterEach(async () => {
    if (unavailable === undefined) await residue.expectNothing();
  });

  afterAll(async () => {
    if (unavailable !== undefined) return;
    await controller[Symbol.asyncDispose]();
    await removeSnapshotImages(place.path);
    await new Docker(dockerConnection).getImage(image).remove();
    await place[Symbol.asyncDispose]();
  });

  /** What a command said, and the reward afterwards. */
  async function rolloutOf(command: string): Promise<{ output: string; score: unknown }> {
    const trainer = new StandInTrainer({ url: controller.url, key: controllerKey });
    const traceId = `trace_${randomUUID().replaceAll("-", "")}`;
    const item = { environment: name };
    const call = await trainer.call({ name: "shell", arguments: { command }, traceId, item, callId: "call_1" });
    const grade = await trainer.grade(traceId, item, "done");
    const { output } = call.body as { output: string };
    return { output, score: (grade.body as { score?: unknown }).score };
  }

  test("rewards its own solution with 1 and doing nothing with 0", async () => {
    const solution = await readFile(join(place.path, "tasks", name, "solution/solve.sh"), "utf8");
    expect(await rolloutOf(solution)).toMatchObject({ score: 1 });
    expect(await rolloutOf("ls; pwd; ls -A /tests /logs/verifier; echo $GREETING $TAX")).toEqual({
      output: "invoice.csv\n/app\n/logs/verifier:\n\n/tests:\nhello\n",
      score: 0,
    });
  });

  test.each([
    ["writes the reward where the tests would", "echo 1 | tee /logs/verifier/reward.txt /app/reward.txt"],
    [
      "lays tests of its own where those of the task come to lie",
      "mkdir .berth-harbor; echo 'raise SystemExit(0)' > .berth-harbor/check_total.py",
    ],
    [
      "writes the reward while the tests run",
      `cat > total.py <<'PY'
for name, text in ("reward.txt", "1"), ("reward.json", '{"reward": 1}'):
    open("/logs/verifier/" + name, "w").write(text)
PY`,
    ],
  ])("does not reward a policy that %s", async (_title, command) => {
    expect(await rolloutOf(command)).toMatchObject({ score: 0 });
  });
});
