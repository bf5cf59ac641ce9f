import type { Duplex } from "node:stream";
import { BerthError } from "../../core/errors.ts";
import type { SandboxHandle, SandboxSpec, SandboxState } from "../provider.ts";
import { GuestServer } from "./serve/guest-server.ts";
import type { Program } from "./shell/shell.ts";
import type { FileTree } from "./tree/file-tree.ts";

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** One sandbox: a file tree, the guest that serves it, and whether that still runs. */
export class MemorySandbox {
  readonly handle: SandboxHandle;
  readonly spec: SandboxSpec;
  readonly tree: FileTree;
  readonly #server: GuestServer;
  #expiry: NodeJS.Timeout | undefined;
  #expiresAtMs = 0;
  #exited: { code: number; oom: boolean } | undefined;

  constructor(
    spec: SandboxSpec,
    tree: FileTree,
    options: { provider: string; bootId: string; lifetimeMs: number; programs: ReadonlyMap<string, Program> },
  ) {
    this.handle = { id: spec.id, provider: options.provider, labels: spec.labels };
    this.spec = spec;
    this.tree = tree;
    this.#server = new GuestServer(
      { tree, workspace: spec.workdir, bootId: options.bootId, programs: options.programs },
      { user: spec.profile.user, allowRoot: spec.profile.root_commands, prolong: (forMs) => this.#prolong(forMs) },
    );
    this.#prolong(Math.max(options.lifetimeMs, 0));
  }

  get state(): SandboxState {
    return this.#exited ? { status: "exited", ...this.#exited } : { status: "running", oomKills: null };
  }

  connect(): Duplex {
    if (this.#exited) throw new BerthError("sandbox_lost", `The sandbox ${this.handle.id} has exited.`);
    return this.#server.connect();
  }

  /** The end of a tool that connects to the port of the proxy. */
  connectTool(): Duplex {
    return this.#server.egress.connect();
  }

  #prolong(forMs: number): number | undefined {
    if (this.#exited) return undefined;
    const expiresAtMs = Date.now() + forMs;
    if (expiresAtMs > this.#expiresAtMs) {
      this.#expiresAtMs = expiresAtMs;
      clearTimeout(this.#expiry);
      this.#expiry = setTimeout(() => void this.stop(0), Math.min(forMs, LONGEST_TIMER_MS)).unref();
    }
    return Math.ceil(this.#expiresAtMs);
  }

  /** The guest ends, and with it all that it runs; the file tree stays. */
  async stop(code: number, oom = false): Promise<void> {
    clearTimeout(this.#expiry);
    this.#exited ??= { code, oom };
    await this.#server.stop();
  }
}
