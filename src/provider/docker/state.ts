import type { ContainerInspectInfo } from "dockerode";
import type { SandboxState } from "../provider.ts";

/** A container's state as the port names it. */
export function stateOf(container: Pick<ContainerInspectInfo, "State"> | undefined): SandboxState {
  if (container === undefined) return { status: "gone" };
  const { Status, Running, ExitCode, OOMKilled } = container.State;
  // The daemon does not count the kills in a container that goes on: the guest does.
  if (Running) return { status: "running", oomKills: null };
  // Created and never started: its creator died in between.
  if (Status === "created") return { status: "exited", code: null, oom: false };
  return { status: "exited", code: ExitCode, oom: OOMKilled };
}
