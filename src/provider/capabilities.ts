import type { Capabilities, CapabilityName } from "./provider.ts";

/** Why an ability is missing; undefined when it is there. */
export type Obstacles = Readonly<Partial<Record<CapabilityName, string | undefined>>>;

/** `always`, and those of `obstacles` that nothing stands against; the reasons of the others are their gaps. */
export function capabilities(always: readonly CapabilityName[], obstacles: Obstacles): Capabilities {
  const entries = Object.entries(obstacles) as [CapabilityName, string | undefined][];
  const missing = entries.flatMap(([name, reason]) => (reason === undefined ? [] : [[name, reason] as const]));
  const there = entries.flatMap(([name, reason]) => (reason === undefined ? [name] : []));
  return { has: new Set([...always, ...there]), gaps: Object.fromEntries(missing) };
}
