import { Duplex } from "node:stream";
import { BerthError } from "../../src/core/errors.ts";
import type { Guest } from "../../src/guest/guest.ts";
import { createMemoryProvider } from "../../src/provider/memory/memory-provider.ts";
import { recorded } from "../../src/provider/memory/observe.ts";
import {
  noImageCopies,
  type CallOptions,
  type Provider,
  type SandboxHandle,
  type SandboxSpec,
} from "../../src/provider/provider.ts";
import type { ConnectGuest } from "../../src/sandbox/readiness.ts";
import type { Life } from "./life.ts";
import type { SimulatedSandbox } from "./machine.ts";
import { simulatedGuest } from "./simulated-guest.ts";
import type { World } from "./world.ts";

const never = <T>(): Promise<T> => new Promise<T>(() => {});

/** How long the provider's memory may be behind: it tells of what went and not of what came. */
const STALE_MS = 2_000;

/** A stream that says where it leads; nothing is sent over it. */
class StreamTo extends Duplex {
  readonly sandbox: SimulatedSandbox;

  constructor(sandbox: SimulatedSandbox) {
    super();
    this.sandbox = sandbox;
  }
}

/** Guests at the other end of the simulated provider's streams. */
export const connectSimulated =
  (life: Life, world: World): ConnectGuest =>
  async ({ open, signal }): Promise<Guest> => {
    const stream = await open({ signal: signal ?? new AbortController().signal });
    if (!(stream instanceof StreamTo)) throw new Error("The stream is not of the simulated provider.");
    return simulatedGuest(stream.sandbox, life, world);
  };

/** The provider of one controller's life. The sandboxes are the machine's; what comes late comes whether or not anyone waits. */
export function simulatedProvider(life: Life, world: World): Provider {
  const { clock, faults, ledger, machine, random, removed } = world;

  const create = async (spec: SandboxSpec, signal: AbortSignal | undefined): Promise<SandboxHandle> => {
    if (!ledger.knows(spec.id)) ledger.violated("intended", `the store has nothing of the sandbox ${spec.id}`);
    if (faults.happens("create_never_ends")) {
      if (random.chance(0.5)) clock.alarm(random.aroundMs(60_000), () => void machine.make(spec));
      return never();
    }
    const late = faults.happens("create_late");
    await clock.sleep(random.aroundMs(late ? 90_000 : 60));
    if (!late && random.chance(0.5)) signal?.throwIfAborted();
    if (faults.happens("create_fails")) throw new BerthError("sandbox_create_failed", "The sandbox did not start.");
    const handle = machine.make(spec);
    if (faults.happens("create_reply_lost")) throw new BerthError("provider_unavailable", "The reply was lost.");
    return handle;
  };

  const destroy = async ({ id }: SandboxHandle): Promise<void> => {
    if (faults.happens("destroy_never_ends")) {
      if (random.chance(0.5)) machine.remove(id);
      return never();
    }
    await clock.sleep(random.aroundMs(faults.happens("destroy_slow") ? 8_000 : 20));
    if (faults.happens("destroy_fails")) throw new BerthError("teardown_failed", "The sandbox is busy.");
    const sandbox = machine.sandboxes.get(id);
    machine.remove(id);
    if (sandbox) removed.push({ handle: sandbox.handle, atMs: clock.monotonic() });
    if (faults.happens("destroy_reply_lost")) throw new BerthError("provider_unavailable", "The reply was lost.");
  };

  const inspect = async ({ id }: SandboxHandle) => {
    if (faults.happens("inspect_never_ends")) return never<ReturnType<typeof machine.stateOf>>();
    await clock.sleep(random.aroundMs(3));
    if (faults.happens("inspect_fails")) throw new BerthError("provider_unavailable", "The daemon does not answer.");
    const exited = machine.sandboxes.get(id)?.exited;
    const lately = exited !== undefined && clock.monotonic() - exited.atMs < STALE_MS / 2;
    if (lately && faults.happens("inspect_is_late")) return { status: "running" as const, oomKills: null };
    return machine.stateOf(id);
  };

  const list = async (owner: string): Promise<SandboxHandle[]> => {
    if (faults.happens("list_never_ends")) return never();
    await clock.sleep(random.aroundMs(5));
    if (faults.happens("list_fails")) throw new BerthError("provider_unavailable", "The daemon does not answer.");
    const now = clock.monotonic();
    const all = [...machine.sandboxes.values()].filter(({ handle }) => handle.labels.owner === owner);
    if (!faults.happens("list_stale")) return all.map(({ handle }) => handle);
    const known = all.filter(({ createdAtMs }) => now - createdAtMs >= STALE_MS).map(({ handle }) => handle);
    const gone = removed.filter(({ handle, atMs }) => now - atMs < STALE_MS && handle.labels.owner === owner);
    return [...known, ...gone.map(({ handle }) => handle)];
  };

  return {
    name: "simulated",
    capabilities: createMemoryProvider().capabilities,
    imageCopies: noImageCopies,
    snapshots: {
      resolveImage: async (name) => ({ name, digest: name, location: name }),
      has: async () => true,
      commit: async () => {},
      list: async () => [],
      remove: async () => {},
    },
    create: (spec, { signal }: CallOptions = {}) => life.cross(`creates ${spec.id}`, () => create(spec, signal)),
    destroy: (handle) => life.cross(`destroys ${handle.id}`, () => destroy(handle)),
    inspect: (handle) => life.cross(`inspects ${handle.id}`, () => inspect(handle)),
    list: (owner) => life.cross("lists", () => list(owner)),
    connect: (handle) =>
      life.cross(`connects to ${handle.id}`, async () => {
        await clock.sleep(random.aroundMs(1));
        const sandbox = machine.sandboxes.get(handle.id);
        if (!sandbox || sandbox.exited) throw new BerthError("sandbox_lost", "The sandbox does not run.");
        if (faults.happens("connect_fails")) throw new BerthError("sandbox_lost", "Nobody listens yet.");
        return new StreamTo(sandbox);
      }),
    observe: (handle) =>
      life.cross(`observes ${handle.id}`, async () => {
        await clock.sleep(random.aroundMs(2));
        const sandbox = machine.sandboxes.get(handle.id);
        if (!sandbox || sandbox.exited) throw new BerthError("sandbox_lost", "The sandbox does not run.");
        return recorded(sandbox.spec);
      }),
    residue: async () => [],
    close: async () => {},
  };
}
