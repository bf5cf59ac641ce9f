import path from "node:path";
import Docker from "dockerode";
import { alternate, AnswersDiffer, type Plan, type Side } from "../../src/bench/alternate.ts";
import { BerthSandbox } from "../../src/bench/berth-sandbox.ts";
import { benchEnvironment, sandboxSize } from "../../src/bench/environment.ts";
import { RawDocker } from "../../src/bench/raw-docker.ts";
import { timed } from "../../src/bench/sample.ts";
import { ratioText } from "../../src/bench/target.ts";
import { summarise } from "../../src/bench/statistics.ts";
import { Trainer } from "../../src/bench/trainer.ts";
import { table } from "../../src/cli/table.ts";
import { dockerConnection } from "../../src/config/docker-connection.ts";
import { loadConfig } from "../../src/config/load.ts";
import { evidence, writeEvidence, type EvidenceRow } from "../../src/core/evidence.ts";
import { folderReference } from "../../src/provider/docker/names.ts";
import { controllerKey } from "../../test/support/controller-process.ts";
import { withController } from "../open-backend.ts";
import { SweRex } from "./swe-rex.ts";

/** One image on all sides: SWE-ReX's server needs Python. */
const image = "python";
const file = "notes.txt";
const content = Array.from(
  { length: 40 },
  (_, line) => `${line} a line of a small file that is read again and again\n`,
).join("");
const venv = path.resolve(import.meta.dirname, "../../build/peers/venv");
const cacheDir = path.resolve(import.meta.dirname, "../../build/bench");
const plan: Plan = process.argv.includes("--quick")
  ? { warmUp: 3, blocks: 3, perBlock: 5 }
  : { warmUp: 20, blocks: 15, perBlock: 10 };

const startedAtMs = Date.now();
const connection = dockerConnection(loadConfig().docker_host);
const rows: EvidenceRow[] = [];
const { left } = await withController({ backend: "oci", dataDir: path.join(cacheDir, "oci") }, async ({ url }) => {
  using trainer = new Trainer({ url, key: controllerKey });
  await using docker = new RawDocker({ connection, image: folderReference(image), size: sandboxSize });
  await trainer.deleteAll();
  const environment = { ...benchEnvironment({ image }), name: "bench-peers" };
  await trainer.register(environment);
  await using sandbox = await BerthSandbox.create(trainer, environment.name);
  await sandbox.call("write_file", { path: file, content });
  await using container = await docker.start();
  const write = ["sh", "-c", `printf %s "$0" > ${file}`, content];
  await container.exec(write);
  await using sweRex = await SweRex.start({ docker: new Docker(connection), image: folderReference(image), venv });
  await sweRex.sample({ do: "execute", argv: write });

  const run = { task: "true", argv: ["true"] };
  const read = async () => ({
    exit_code: 0,
    stdout: (await sandbox.call("read_file", { path: file, line_numbers: false })).output,
  });
  const sides: Side[] = [
    { name: "Berth", task: run.task, sample: () => timed(() => sandbox.shell("true")) },
    { name: "docker exec", task: run.task, sample: () => timed(() => container.exec(run.argv)) },
    { name: "SWE-ReX execute", task: run.task, sample: () => sweRex.sample({ do: "execute", argv: run.argv }) },
    { name: "SWE-ReX session", task: run.task, sample: () => sweRex.sample({ do: "session", argv: run.argv }) },
    { name: "Berth", task: "read", sample: () => timed(read) },
    { name: "docker exec", task: "read", sample: () => timed(() => container.exec(["cat", file])) },
    {
      name: "SWE-ReX read_file",
      task: "read",
      sample: () => sweRex.sample({ do: "read", path: `/workspace/${file}` }),
    },
  ];
  const values = await alternate(sides, plan);
  const medianOf = (task: string) => summarise(values[sides.findIndex((side) => side.task === task)] ?? []).median;
  for (const [index, { name, task }] of sides.entries()) {
    const summary = summarise(values[index] ?? []);
    rows.push({
      case: `${task}: ${name}`,
      backend: name === "Berth" ? "oci" : null,
      result: ratioText(summary.median / medianOf(task)),
      expected: "a figure",
      ok: true,
      unit: "ms",
      ...summary,
    });
  }
}).catch((error: unknown) => {
  if (!(error instanceof AnswersDiffer)) throw error;
  console.error(error.message);
  process.exit(1);
});

const written = await writeEvidence("reports", evidence("bench-peers", startedAtMs, rows));
const ms = (value: unknown) => Number(value).toFixed(2);
console.log(
  table(
    ["work: who", "p50 ms", "p95", "p99", "of Berth's"],
    rows.map((row) => [row.case, ms(row["median"]), ms(row["p95"]), ms(row["p99"]), row.result]),
  ),
);
console.log(`\nThe rows are in ${written}.`);
if (left.length > 0) console.error(`LEFT BEHIND:\n  ${left.join("\n  ")}`);
process.exitCode = left.length > 0 ? 1 : 0;
