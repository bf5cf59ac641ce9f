import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { Trainer } from "../../src/bench/trainer.ts";
import { table } from "../../src/cli/table.ts";
import { ControllerProcess, controllerKey } from "../../test/support/controller-process.ts";
import { guestsOf } from "../process-figures.ts";
import { byPart, stacksOf, type Span } from "./cpu-profile.ts";
import { flameGraph } from "./flame-graph.ts";
import { childrenTime, ownTime } from "./processor-time.ts";

const help = `make profile ARGS='…': where the processor time of a tool call goes, on the oci provider with image: host, one call after the other.

  --root DIR    the checkout whose controller and guest are measured (.); its guest must be built
  --calls N     calls of each tool (2000)
  --out PREFIX  write PREFIX-shell.svg and PREFIX-read_file.svg, flame graphs of the controller's main thread
  --json        the figures instead of the table`;

const { values } = parseArgs({
  options: {
    root: { type: "string", default: "." },
    calls: { type: "string", default: "2000" },
    out: { type: "string" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}
const calls = Number(values.calls);
if (!Number.isInteger(calls) || calls < 100) {
  console.error(`--calls ${values.calls} is not a number from 100 up.`);
  process.exit(2);
}

const warmUp = 200;
const tools = [
  ["shell", { command: "true" }],
  ["read_file", { path: "a.txt" }],
] as const;
/** The profile's clock. */
const monotonicMicros = (): number => Number(process.hrtime.bigint() / 1000n);

interface Measured {
  readonly tool: string;
  readonly span: Span;
  readonly p50: number;
  readonly controller: number;
  readonly guest: number;
  readonly commands: number;
}

async function measure(
  trainer: Trainer,
  rollout: string,
  pids: { controller: number; guest: number },
): Promise<Measured[]> {
  const measured: Measured[] = [];
  for (const [tool, args] of tools) {
    for (let call = 0; call < warmUp; call++) await trainer.call(rollout, tool, args);
    const times = async () => [
      await ownTime(pids.controller),
      await ownTime(pids.guest),
      await childrenTime(pids.guest),
    ];
    const before = await times();
    const from = monotonicMicros();
    const latencies: number[] = [];
    for (let call = 0; call < calls; call++) {
      const began = performance.now();
      await trainer.call(rollout, tool, args);
      latencies.push(performance.now() - began);
    }
    const span: Span = [from, monotonicMicros()];
    const [controller = 0, guest = 0, commands = 0] = (await times()).map(
      (time, at) => (time - (before[at] ?? 0)) / calls,
    );
    const p50 = latencies.toSorted((a, b) => a - b)[calls >> 1] ?? 0;
    measured.push({ tool, span, p50, controller, guest, commands });
  }
  return measured;
}

async function profiled(dataDir: string, profiles: string): Promise<Measured[]> {
  await using controller = await ControllerProcess.start({
    backend: "oci",
    dataDir,
    entry: path.join(path.resolve(values.root), "src/main.ts"),
    env: { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profiles}` },
  });
  using trainer = new Trainer({ url: controller.url, key: controllerKey });
  await trainer.register({ name: "profile", image: "host", budget: { tool_calls: 100_000, wall_seconds: 3600 } });
  const { rollout_id: rollout } = await trainer.create("profile", { waitSeconds: 60 });
  await trainer.call(rollout, "write_file", { path: "a.txt", content: "hello\nworld\n" });
  const [guest] = await guestsOf(dataDir);
  return await measure(trainer, rollout, { controller: controller.pid, guest: Number(guest) });
}

/** The main thread's: the largest. */
async function mainProfile(folder: string): Promise<string> {
  const names = (await readdir(folder)).filter((name) => name.includes(".0."));
  return path.join(folder, names[0] ?? "");
}

const scratch = await mkdtemp(path.join(tmpdir(), "berth-profile-"));
try {
  const profiles = path.join(scratch, "profiles");
  const measured = await profiled(path.join(scratch, "data"), profiles);
  const profile = await mainProfile(profiles);
  const rows = new Map<string, number[]>();
  const add = (name: string, value: number) => rows.set(name, [...(rows.get(name) ?? []), value]);
  for (const { tool, span, p50, controller, guest, commands } of measured) {
    const stacks = await stacksOf(profile, span);
    for (const [part, millis] of byPart(stacks)) add(`main thread: ${part}`, millis / calls);
    add("controller, all threads on a processor", controller);
    add("guest", guest);
    add("the command itself", commands);
    add("a call from request to answer, p50", p50);
    if (values.out !== undefined)
      await writeFile(
        `${values.out}-${tool}.svg`,
        flameGraph(`${tool}: the controller's main thread, ${calls} calls`, stacks, calls),
      );
  }
  if (values.json) console.log(JSON.stringify(Object.fromEntries(rows), null, 2));
  else
    console.log(
      table(
        ["milliseconds a call", ...measured.map(({ tool }) => tool)],
        [...rows].map(([name, times]) => [name, ...times.map((time) => time.toFixed(3))]),
      ),
    );
} finally {
  await rm(scratch, { recursive: true, force: true });
}
