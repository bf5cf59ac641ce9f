import type { Clock } from "../core/clock.ts";
import { BerthError, toBerthError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { AllowList } from "../egress/allow-list.ts";
import type { Dial } from "../egress/dialler.ts";
import { EgressLog } from "../egress/egress-log.ts";
import { openEgress } from "../egress/open-egress.ts";
import { profileNamed, type Profiles } from "../sandbox/profiles.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import type { Store } from "../store/store.ts";
import type { EventHub } from "./event-hub.ts";
import type { LiveRollout } from "./live-rollout.ts";

export interface EgressParts {
  readonly store: Store;
  readonly events: EventHub;
  readonly profiles: Profiles;
  readonly clock: Clock;
  readonly log: Logger;
  readonly dial: Dial;
}

/**
 * Opens the proxy of a rollout whose profile has one, until its turn ends. Attempts are counted on from what is stored.
 * @throws BerthError `sandbox_create_failed` when the sandbox does not open its port
 */
export async function openRolloutEgress(live: LiveRollout, sandbox: Sandbox, parts: EgressParts): Promise<void> {
  const { store, events, profiles, clock, log, dial } = parts;
  const { environment } = live.stored;
  const profile = profileNamed(profiles, environment.profile);
  if (profile.network !== "egress") return;
  const egress = new EgressLog({
    before: await store.egress(live.id),
    save: (record) => store.saveEgress(live.id, record),
    onNewDenial: ({ destination, reason }) => {
      events.publish(live.id, { type: "egress_denied", destination, reason });
      log.info({ rollout: live.id, destination, reason }, "an attempt to leave a sandbox was refused");
    },
    onFailure: (err) => log.error({ rollout: live.id, err }, "attempts to leave a sandbox could not be stored"),
    clock,
  });
  try {
    await openEgress({
      guest: sandbox.guest,
      allowList: new AllowList([...profile.egress.allow, ...environment.egress]),
      maxConnections: profile.egress.max_connections,
      dial,
      observer: egress,
      signal: live.turn.signal,
      clock,
    });
  } catch (thrown) {
    live.turn.signal.throwIfAborted();
    throw new BerthError(
      "sandbox_create_failed",
      `The sandbox does not open the port of its proxy: ${toBerthError(thrown).message}`,
      { cause: thrown },
    );
  }
  live.egress = egress;
}
