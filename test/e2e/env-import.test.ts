import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import Docker from "dockerode";
import { pack } from "tar-stream";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { StandInTrainer } from "../../src/dialects/agent-rft/stand-in/trainer.ts";
import { whyUnavailable } from "../support/backend-availability.ts";
import { ControllerProcess, controllerKey, dataDirectory } from "../support/controller-process.ts";
import { dockerConnection } from "../support/providers.ts";
import { removeSnapshotImages, ResidueCheck } from "../support/residue.ts";

const docker = new Docker(dockerConnection);
const image = "berth-test/imported:latest";

/** As data sets make theirs: the repository lies in the image, and its history holds what nobody should see. */
const dockerfile = `FROM berth/python:latest
USER root
RUN mkdir -p /testbed/tests && cd /testbed && printf 'def total(xs):\\n    return sum(xs)\\n' > calc.py \\
  && printf 'from calc import total\\n\\ndef test_total():\\n    assert total([1, 2]) == 3\\n\\ndef test_empty():\\n    assert total([]) == 0\\n' > tests/test_calc.py \\
  && printf '[pytest]\\npythonpath = .\\n' > pytest.ini \\
  && git init -q && git add -A && git -c user.name=a -c user.email=a@b commit -q -m solution
`;

const bug = `diff --git a/calc.py b/calc.py
--- a/calc.py
+++ b/calc.py
@@ -1,2 +1,2 @@
 def total(xs):
-    return sum(xs)
+    return sum(xs[1:])
`;
const newTest = `diff --git a/tests/test_new.py b/tests/test_new.py
new file mode 100644
--- /dev/null
+++ b/tests/test_new.py
@@ -0,0 +1,4 @@
+from calc import mean
+
+def test_mean():
+    assert mean([1, 3]) == 2
`;
const [smith, bench] = ["calc__total.1", "calc__mean-2"];
const rows = [
  {
    instance_id: smith,
    image_name: image,
    patch: bug,
    FAIL_TO_PASS: ["tests/test_calc.py::test_total"],
    PASS_TO_PASS: ["tests/test_calc.py::test_empty"],
  },
  {
    instance_id: bench,
    repo: "calc/calc",
    base_commit: "a".repeat(40),
    test_patch: newTest,
    FAIL_TO_PASS: '["tests/test_new.py::test_mean"]',
    PASS_TO_PASS: '["tests/test_calc.py::test_total"]',
  },
];

async function buildImage(): Promise<void> {
  const context = pack();
  context.entry({ name: "Dockerfile" }, dockerfile);
  context.finalize();
  const said = await text(await docker.buildImage(Readable.from(context), { t: image }));
  if (said.includes('"error"')) throw new Error(said.slice(-2000));
}

describe("Rows of data sets, imported into a controller on docker", () => {
  let unavailable: string | undefined;
  let place: Awaited<ReturnType<typeof dataDirectory>>;
  let controller: ControllerProcess;
  let residue: ResidueCheck;

  beforeAll(async () => {
    unavailable = await whyUnavailable("docker");
    if (unavailable !== undefined) return;
    place = await dataDirectory();
    residue = await ResidueCheck.of(place.path);
    await buildImage();
    controller = await ControllerProcess.start({ backend: "docker", dataDir: place.path });
    const file = join(place.path, "rows.jsonl");
    await writeFile(file, rows.map((row) => JSON.stringify(row)).join("\n"));
    const args = [
      "--out",
      join(place.path, "tasks"),
      "--image",
      image,
      "--data-dir",
      place.path,
      "--url",
      controller.url,
    ];
    const run = await controller.cli(["env", "import", file, ...args]);
    if (run.code !== 0 || !run.stdout.startsWith("2 written")) throw new Error(`${run.stdout}\n${run.stderr}`);
  });

  beforeEach(({ skip }) => skip(unavailable !== undefined, unavailable));

  afterEach(async () => {
    if (unavailable === undefined) await residue.expectNothing();
  });

  afterAll(async () => {
    if (unavailable !== undefined) return;
    await controller[Symbol.asyncDispose]();
    await removeSnapshotImages(place.path);
    await docker.getImage(image).remove();
    await place[Symbol.asyncDispose]();
  });

  /** What a command said, and the reward afterwards. */
  async function rolloutOf(instance_id: string, command: string): Promise<{ output: string; score: unknown }> {
    const trainer = new StandInTrainer({ url: controller.url, key: controllerKey });
    const traceId = `trace_${randomUUID().replaceAll("-", "")}`;
    const item = { instance_id };
    const call = await trainer.call({ name: "shell", arguments: { command }, traceId, item, callId: "call_1" });
    const grade = await trainer.grade(traceId, item, "done");
    const { output } = call.body as { output: string };
    return { output, score: (grade.body as { score?: unknown }).score };
  }

  test("begin with the bug and without the history, and reward only who mends it", async () => {
    const nothing = await rolloutOf(smith, "git log --all --format=%s; git status --short; cat calc.py");
    expect(nothing).toEqual({ output: "base\ndef total(xs):\n    return sum(xs[1:])\n", score: 0 });
    expect(await rolloutOf(smith, "sed -i 's/xs.1:./xs/' calc.py")).toMatchObject({ score: 1 });
  });

  test("keep their hidden tests from the policy, and are decided by them", async () => {
    expect(await rolloutOf(bench, "ls tests")).toEqual({ output: "test_calc.py\n", score: 0 });
    const solution = "printf '\\ndef mean(xs):\\n    return total(xs) / len(xs)\\n' >> calc.py";
    expect(await rolloutOf(bench, solution)).toMatchObject({ score: 1 });
  });
});
