import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { ControllerProcess } from "../support/controller-process.ts";
import { ClusterNamespace } from "../support/kubernetes-cluster.ts";

/** A namespace and a data directory, in which controllers of a part of the suite live. Gone when it is disposed of. */
export class Stage implements AsyncDisposable {
  readonly namespace: ClusterNamespace;
  readonly dataDir: string;

  private constructor(namespace: ClusterNamespace, dataDir: string) {
    this.namespace = namespace;
    this.dataDir = dataDir;
  }

  static async open(): Promise<Stage> {
    const dataDir = await mkdtemp(path.join(tmpdir(), "berth-kubernetes-"));
    return new Stage(await ClusterNamespace.make(), dataDir);
  }

  controller(...flags: readonly string[]): Promise<ControllerProcess> {
    const env = this.namespace.environment();
    return ControllerProcess.start({ backend: "kubernetes", dataDir: this.dataDir, flags, env });
  }

  /** What sandboxes left in the namespace once it had time to go. */
  leftovers(deadlineMs = 30_000): Promise<string[]> {
    return this.namespace.thingsAfter(deadlineMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.namespace[Symbol.asyncDispose]();
    await rm(this.dataDir, { recursive: true, force: true });
  }
}

/** An environment that asks for little: a hundred of it are on one node at once. */
export const smallEnvironment = {
  name: "small",
  image: "base",
  // Kubernetes has no quota of disk for a pod.
  profile: "standard-unlimited-disk",
  resources: { memory_mb: 128, pids: 64, cpus: 0.5 },
  budget: { tool_calls: 50, wall_seconds: 1800, idle_seconds: 900, grading_seconds: 120 },
} as const;
