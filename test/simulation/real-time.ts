import type { VirtualClock } from "../support/virtual-clock.ts";

/**
 * Takes timers and chance of the real world away from this thread until the disposal: what still reaches for them in a simulated world
 * fails there, and does not merely make it differ from one run to the next. Libraries may look at the date, which is the simulated one.
 */
export function refuseRealTime({ clock }: { clock: VirtualClock }): Disposable {
  const { setTimeout, setInterval, crypto } = globalThis;
  const { now } = Date;
  const { random } = Math;
  const randomUUID = crypto.randomUUID.bind(crypto);
  const refuse = (what: string) => () => {
    throw new Error(`${what} was used in a simulated world.`);
  };
  Object.assign(globalThis, { setTimeout: refuse("setTimeout"), setInterval: refuse("setInterval") });
  Object.assign(Date, { now: () => clock.now() });
  Object.assign(Math, { random: refuse("Math.random") });
  Object.assign(crypto, { randomUUID: refuse("crypto.randomUUID") });
  return {
    [Symbol.dispose]() {
      Object.assign(globalThis, { setTimeout, setInterval });
      Object.assign(Date, { now });
      Object.assign(Math, { random });
      Object.assign(crypto, { randomUUID });
    },
  };
}
