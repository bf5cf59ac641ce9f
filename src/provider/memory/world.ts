import type { StoredSnapshot } from "../provider.ts";
import type { MemorySandbox } from "./memory-sandbox.ts";
import type { FileTree } from "./tree/file-tree.ts";

/** What outlives a provider object, as a machine outlives a controller. Two providers over one world see the same sandboxes. */
export class MemoryWorld {
  readonly sandboxes = new Map<string, MemorySandbox>();
  readonly snapshots = new Map<string, { readonly tree: FileTree } & Omit<StoredSnapshot, "key">>();

  /** A sandbox's guest dies, as by a crash or for want of memory. */
  async crash(sandboxId: string, { oom = false }: { oom?: boolean } = {}): Promise<void> {
    await this.sandboxes.get(sandboxId)?.stop(137, oom);
  }
}
