import type { RolloutService } from "../../../src/rollout/rollout-service.ts";
import type { Verdict } from "../../../src/model/verdict.ts";
import { gitRepository } from "../../support/git-repository.ts";
import type { Cheat, VerdictTask } from "./cheat.ts";
import { rollOut } from "./rollouts.ts";

/** A task that is registered with a controller; its repository goes when it is disposed of. */
export interface OpenTask extends AsyncDisposable {
  rollOut(cheat: Pick<Cheat, "written" | "run" | "answer">): Promise<Verdict>;
}

export async function openTask(service: RolloutService, task: VerdictTask): Promise<OpenTask> {
  const repository = await gitRepository([{ folders: [task.base] }]);
  const commit = repository.commits[0] ?? "";
  const name = await service.registerEnvironment(
    { ...task.environment, name: `cheats-${task.name.replaceAll(" ", "-")}`, repo: { url: repository.url, commit } },
    null,
  );
  return {
    rollOut: (cheat) => rollOut(service, name, cheat),
    [Symbol.asyncDispose]: () => repository[Symbol.asyncDispose](),
  };
}
