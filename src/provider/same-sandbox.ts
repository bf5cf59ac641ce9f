import type { SandboxHandle } from "./provider.ts";

/** Whether two handles are of one sandbox and not of a later one under the same id. What it is for may change in its life. */
export function sameSandbox(a: SandboxHandle, b: SandboxHandle | undefined): boolean {
  return (
    b !== undefined &&
    a.id === b.id &&
    a.labels.owner === b.labels.owner &&
    a.labels.incarnation === b.labels.incarnation
  );
}
