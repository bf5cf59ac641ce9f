import type { EnvironmentInput } from "../../src/model/environment.ts";
import { ControllerProcess, controllerKey, dataDirectory } from "../support/controller-process.ts";

/** A rollout as an agent is given it: where it is, and a key for it alone. */
export interface AgentsRollout {
  readonly id: string;
  readonly url: string;
  readonly key: string;
  readonly mcp: string;
  /** The tools that were used, in their order, and how each call ended. */
  used(): Promise<{ readonly tool: string; readonly state: string }[]>;
}

/** A running `berth serve` on oci. */
export interface RunningBerth extends AsyncDisposable {
  readonly url: string;
  readonly key: string;
  rollout(environment?: Partial<EnvironmentInput>): Promise<AgentsRollout>;
}

export const agentsEnvironment = { name: "agents", image: "host" } as const;

export async function runningBerth(): Promise<RunningBerth> {
  await using started = new AsyncDisposableStack();
  const place = started.use(await dataDirectory());
  const controller = started.use(await ControllerProcess.start({ backend: "oci", dataDir: place.path }));
  const { url } = controller;
  const parts = started.move();
  return {
    url,
    key: controllerKey,
    async rollout(environment = {}) {
      const made = await controller.send("POST", "/v1/rollouts", {
        environment: { ...agentsEnvironment, ...environment },
      });
      const { rollout_id: id } = made.body as { rollout_id: string };
      const path = `/v1/rollouts/${id}`;
      const { status } = (await controller.send("GET", `${path}?wait_seconds=60`)).body as { status: string };
      if (status !== "active") throw new Error(`The rollout is ${status}.`);
      const { key } = (await controller.send("POST", `${path}/key`)).body as { key: string };
      const used = async () => (await controller.trajectory(path)).map(({ tool, state }) => ({ tool, state }));
      return { id, url, key, mcp: `${url}${path}/mcp`, used };
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}
