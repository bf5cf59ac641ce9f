import { alternate, type Side } from "../alternate.ts";
import { BerthSandbox } from "../berth-sandbox.ts";
import { measuredRow } from "../row.ts";
import { timed } from "../sample.ts";
import type { Scenario } from "../scenario.ts";
import { ratioAtMost } from "../target.ts";

const file = "notes.txt";
const word = "harbour";
/** 40 lines, some 2 KB, of which four hold the word. */
const content = Array.from(
  { length: 40 },
  (_, line) => `${line} ${line % 10 === 3 ? `a ${word}` : "a line"} of a small file that is read again and again\n`,
).join("");

const asIs = (output: string) => ({ exit_code: 0, stdout: output });

export const read: Scenario = {
  name: "read",
  title: "read_file and grep on a small file, against docker exec cat",
  async run(bench) {
    await using sandbox = await BerthSandbox.create(bench.trainer, bench.environment.name);
    await using container = await bench.docker?.start();
    await sandbox.call("write_file", { path: file, content });
    await container?.exec(["sh", "-c", `printf %s "$0" > ${file}`, content]);
    const berthReads = () => sandbox.call("read_file", { path: file, line_numbers: false });
    const berthGreps = () => sandbox.call("grep", { pattern: word, path: file });
    const berth: Side[] = [
      { name: "Berth", task: "reading", sample: () => timed(async () => asIs((await berthReads()).output)) },
      { name: "Berth", task: "searching", sample: () => timed(async () => asIs((await berthGreps()).output)) },
    ];
    const docker: Side[] = container
      ? [
          { name: "Docker", task: "reading", sample: () => timed(() => container.exec(["cat", file])) },
          { name: "Docker", task: "searching", sample: () => timed(() => container.exec(["grep", "-Hn", word, file])) },
        ]
      : [];
    const plan = bench.quick ? { warmUp: 5, blocks: 5, perBlock: 8 } : { warmUp: 20, blocks: 15, perBlock: 20 };
    bench.say(`read_file and grep: ${plan.blocks} × ${plan.perBlock} samples`);
    const [reads = [], greps = [], cats] = await alternate([...berth, ...docker], plan);
    const about = { scenario: "read", backend: bench.backend, target: ratioAtMost(1 / 40), docker: cats };
    return [
      measuredRow({ ...about, what: "read_file", berth: reads }),
      measuredRow({ ...about, what: "grep, against cat", berth: greps }),
    ];
  },
};
