import type { EnvironmentInput } from "../model/environment.ts";

/** The limits of a sandbox, on both sides. */
export interface SandboxSize {
  readonly cpus: number;
  readonly memory_mb: number;
  readonly pids: number;
}

export const sandboxSize: SandboxSize = { cpus: 1, memory_mb: 1024, pids: 256 };

/** What rollouts of the benchmark start from: no repository, no setup, and a budget that no scenario reaches. */
export const benchEnvironment = (options: {
  image: string;
  profile?: string;
}): EnvironmentInput & { name: string } => ({
  name: "bench",
  image: options.image,
  profile: options.profile ?? "standard",
  resources: { ...sandboxSize },
  budget: { tool_calls: 100_000, wall_seconds: 7200, idle_seconds: 7200 },
});
