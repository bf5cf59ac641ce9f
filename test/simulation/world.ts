import { join } from "node:path";
import type { Provider, SandboxHandle } from "../../src/provider/provider.ts";
import { loadProfiles, type Profiles } from "../../src/sandbox/profiles.ts";
import type { Store } from "../../src/store/store.ts";
import { Faults } from "./faults.ts";
import { Ledger } from "./ledger.ts";
import { Machine } from "./machine.ts";
import type { Rule } from "./rules.ts";
import { SeededRandom } from "./seeded-random.ts";
import { Trace } from "./trace.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

/** Put between a controller and what it stands on, to show that what it spoils is found. */
export interface Changes {
  readonly store?: (store: Store) => Store;
  readonly provider?: (provider: Provider) => Provider;
}

/** Everything that is there whichever controller lives, drawn from one seed. */
export interface World {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly trace: Trace;
  readonly faults: Faults;
  readonly ledger: Ledger;
  readonly machine: Machine;
  /** Sandboxes that were removed, for lists that are behind. */
  readonly removed: { readonly handle: SandboxHandle; readonly atMs: number }[];
  readonly profiles: Profiles;
  readonly limits: { readonly starting: number; readonly pool: number; readonly live: number };
  readonly changes: Changes;
  /** Controllers that there were, and those that were killed. */
  readonly counts: { lives: number; killed: number };
}

const profiles = await loadProfiles(join(import.meta.dirname, "../../sandbox-profiles"));

export function createWorld(
  seed: number,
  { changes = {}, echo = false }: { changes?: Changes; echo?: boolean },
): World {
  const random = new SeededRandom(seed);
  const clock = new VirtualClock();
  const trace = new Trace(clock, { echo });
  const ledger = new Ledger();
  const violated = (rule: Rule, what: string) => {
    trace.note(`VIOLATED ${what}`);
    ledger.violated(rule, what);
  };
  return {
    clock,
    random: random.fork(),
    trace,
    faults: new Faults(random.fork(), trace),
    ledger,
    machine: new Machine({ clock, trace, violated }),
    removed: [],
    profiles,
    limits: { starting: random.between(1, 4), pool: random.pick([0, 0, 2, 4]), live: random.pick([4, 50]) },
    changes,
    counts: { lives: 0, killed: 0 },
  };
}
