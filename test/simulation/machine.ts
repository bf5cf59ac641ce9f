import type { SandboxHandle, SandboxSpec, SandboxState } from "../../src/provider/provider.ts";
import { readPurpose } from "../../src/sandbox/purpose.ts";
import type { Rule } from "./rules.ts";
import type { Trace } from "./trace.ts";
import type { VirtualClock } from "../support/virtual-clock.ts";

/** One sandbox of the simulated machine, with all that its guest knows. */
export interface SimulatedSandbox {
  readonly handle: SandboxHandle;
  readonly spec: SandboxSpec;
  readonly bootId: string;
  /** Path → content, of the workspace. */
  readonly files: Map<string, string>;
  readonly callsSeen: Set<string>;
  /** Rollouts whose calls came here. */
  readonly served: Set<string>;
  /** Commands that run: each hears when it is ended from outside. */
  readonly commands: Set<() => void>;
  readonly createdAtMs: number;
  /** Unix milliseconds. */
  expiresAtMs: number;
  exited: { readonly oom: boolean; readonly atMs: number } | undefined;
}

/** What outlives every controller: the sandboxes, and what ran in them. Tells the worst at once. */
export class Machine {
  readonly sandboxes = new Map<string, SimulatedSandbox>();
  /** `rollout call` → how often it began to run, in whatever sandbox. */
  readonly runs = new Map<string, number>();
  /** Rollouts whose sandbox died at its own limit. */
  readonly outOfMemory = new Set<string>();
  readonly #clock: VirtualClock;
  readonly #trace: Trace;
  readonly #violated: (rule: Rule, what: string) => void;
  #boots = 0;
  created = 0;

  constructor(parts: { clock: VirtualClock; trace: Trace; violated: (rule: Rule, what: string) => void }) {
    this.#clock = parts.clock;
    this.#trace = parts.trace;
    this.#violated = parts.violated;
  }

  /** Idempotent by id. */
  make(spec: SandboxSpec): SandboxHandle {
    const there = this.sandboxes.get(spec.id);
    if (there && !there.exited) return there.handle;
    const handle = { id: spec.id, provider: "simulated", labels: spec.labels };
    const sandbox: SimulatedSandbox = {
      handle,
      spec,
      bootId: (++this.#boots).toString(16).padStart(32, "0"),
      files: new Map(),
      callsSeen: new Set(),
      served: new Set(),
      commands: new Set(),
      createdAtMs: this.#clock.monotonic(),
      expiresAtMs: spec.expiresAtMs,
      exited: undefined,
    };
    this.sandboxes.set(spec.id, sandbox);
    this.created++;
    this.#trace.note(`+ ${spec.id} (${spec.labels.purpose})`);
    this.#expire(sandbox);
    return handle;
  }

  /** Puts its expiry off. */
  prolong(sandbox: SimulatedSandbox, forMs: number): void {
    sandbox.expiresAtMs = Math.max(sandbox.expiresAtMs, this.#clock.now() + forMs);
  }

  #expire(sandbox: SimulatedSandbox): void {
    this.#clock.alarm(sandbox.expiresAtMs - this.#clock.now(), () => {
      if (sandbox.exited) return;
      if (this.#clock.now() < sandbox.expiresAtMs) return this.#expire(sandbox);
      this.stop(sandbox, { oom: false, why: "expires" });
    });
  }

  stateOf(id: string): SandboxState {
    const sandbox = this.sandboxes.get(id);
    if (!sandbox) return { status: "gone" };
    return sandbox.exited
      ? { status: "exited", code: 137, oom: sandbox.exited.oom }
      : { status: "running", oomKills: null };
  }

  stop(sandbox: SimulatedSandbox, { oom, why }: { oom: boolean; why: string }): void {
    if (sandbox.exited || this.sandboxes.get(sandbox.handle.id) !== sandbox) return;
    this.#trace.note(`x ${sandbox.handle.id} ${why}`);
    sandbox.exited = { oom, atMs: this.#clock.monotonic() };
    if (oom) for (const rollout of sandbox.served) this.outOfMemory.add(rollout);
    for (const end of sandbox.commands) end();
  }

  remove(id: string): void {
    const sandbox = this.sandboxes.get(id);
    if (!sandbox) return;
    this.stop(sandbox, { oom: false, why: "is destroyed" });
    this.sandboxes.delete(id);
    this.#trace.note(`- ${id}`);
  }

  /** A command of a call begins. */
  begin(sandbox: SimulatedSandbox, rollout: string, call: string): void {
    const key = `${rollout} ${call}`;
    const times = (this.runs.get(key) ?? 0) + 1;
    this.runs.set(key, times);
    if (times > 1) this.#violated("once", `the call ${call} of ${rollout} ran ${times} times`);
    sandbox.served.add(rollout);
    if (sandbox.served.size > 1)
      this.#violated("owned", `the sandbox ${sandbox.handle.id} served ${[...sandbox.served].join(" and ")}`);
    const { kind, subject } = readPurpose(sandbox.spec.labels.purpose);
    if (kind !== "pool" && subject !== rollout)
      this.#violated("owned", `a call of ${rollout} ran in a sandbox that was made for ${sandbox.spec.labels.purpose}`);
  }
}
