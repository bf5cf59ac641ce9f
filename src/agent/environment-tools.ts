import type { BerthClient } from "../client/berth-client.ts";
import type { FunctionTool } from "../client/function-tool.ts";
import type { Environment } from "../model/environment.ts";

/** Asked for once, until it fails or `again` says so. */
function remembered<T>(ask: () => Promise<T>): (again?: boolean) => Promise<T> {
  let asked: Promise<T> | undefined;
  return (again = false) => {
    if (again) asked = undefined;
    const answer = (asked ??= ask());
    answer.catch(() => {
      if (asked === answer) asked = undefined;
    });
    return answer;
  };
}

/** What a model may call in an environment, in the environment's order. @throws BerthFailure */
export function environmentTools(client: BerthClient): (environment: string) => Promise<readonly FunctionTool[]> {
  const tools = remembered(() => client.tools());
  const environments = remembered(() => client.environments());
  const find = (list: readonly Environment[], wanted: string) => list.find(({ name }) => name === wanted);
  return async (name) => {
    // One that an item stands for may have come to be since.
    const environment = find(await environments(), name) ?? find(await environments(true), name);
    const all = await tools();
    if (environment?.tools === undefined) return all;
    return [...new Set(environment.tools)].flatMap((wanted) => all.find((tool) => tool.function.name === wanted) ?? []);
  };
}
