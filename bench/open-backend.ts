import { mkdir } from "node:fs/promises";
import path from "node:path";
import { newTraces, traces } from "../src/cli/demo/leftovers.ts";
import { ControllerProcess } from "../test/support/controller-process.ts";

/** More than any scenario has at the same time. */
const MOST_ROLLOUTS = 10_000;

/** Runs `work` beside a controller that is a process of its own, and starts sandboxes ahead of demand only when `pooled`; snapshots stay in `dataDir` for the next run. */
export async function withController<T>(
  options: { backend: string; dataDir: string; pooled?: boolean },
  work: (controller: ControllerProcess) => Promise<T>,
): Promise<{ result: T; left: readonly string[] }> {
  const { backend, dataDir, pooled = false } = options;
  await mkdir(dataDir, { recursive: true });
  const before = await traces(dataDir);
  const result = await (async () => {
    await using controller = await ControllerProcess.start({
      backend,
      dataDir,
      flags: ["--max-rollouts", String(MOST_ROLLOUTS), "--pool-sandboxes", pooled ? "32" : "0"],
    });
    return await work(controller);
  })();
  return { result, left: await newTraces(path.resolve(dataDir), before) };
}
