/** The folders of src/ in the one direction of their imports: a file imports only from its own folder and from those before it. */
export const layers = [
  "core",
  "model",
  "client",
  "config",
  "provider",
  "guest",
  "egress",
  "store",
  "controllers",
  "snapshot",
  "code-index",
  "sandbox",
  "tool",
  "grader",
  "dataset",
  "agent",
  "rollout",
  "http",
  "dialects",
  "agents",
  "bench",
  "cli",
] as const;

/** Files directly in src/ that may import every folder; nothing imports them but each other, in this order. */
export const tops = ["backends.ts", "compose.ts", "main.ts"] as const;

/** Folders that implement a port. They know the port but not each other, and only `tops` and tests name them. */
export const adapters = [
  "provider/oci",
  "provider/docker",
  "provider/kubernetes",
  "provider/memory",
  "store/sqlite",
  "store/postgres",
] as const;

/** Folders beside the adapters of a port that those may share; they stand under the rules of their layer alone. */
export const sharedByAdapters: readonly string[] = ["store/migrations", "store/sql"];
