import type { RolloutService } from "../../../src/rollout/rollout-service.ts";
import type { Verdict } from "../../../src/model/verdict.ts";
import type { Cheat } from "./cheat.ts";

/** One rollout as a trainer has it: created, written to by tools, graded. Gives the verdict. */
export async function rollOut(
  service: RolloutService,
  environment: Awaited<ReturnType<RolloutService["registerEnvironment"]>>,
  { written = {}, run, answer }: Pick<Cheat, "written" | "run" | "answer">,
): Promise<Verdict> {
  const { rollout } = await service.create({ environment });
  const id = rollout.rollout_id;
  for (const [path, content] of Object.entries(written)) {
    const { error } = await service.callTool(id, "write_file", { arguments: { path, content } });
    if (error) throw new Error(`${path} could not be written: ${error.message}`);
  }
  if (run !== undefined) {
    const { error } = await service.callTool(id, "shell", { arguments: { command: run } });
    if (error) throw new Error(`what the cheat runs could not start: ${error.message}`);
  }
  return await service.grade(id, answer === undefined ? {} : { answer });
}
