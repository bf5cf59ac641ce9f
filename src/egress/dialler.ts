import type { Socket } from "node:net";
import { withDeadline } from "../core/deadline.ts";
import { BerthError } from "../core/errors.ts";
import { addressKind } from "./address-kind.ts";
import { Denied, Unreachable } from "./denied.ts";
import { textOf, type Destination } from "./destination.ts";

/** Every address of a name; empty when it has none. */
export type Resolve = (name: string, signal: AbortSignal) => Promise<readonly string[]>;

/** A connection to one of these addresses and to nothing else. */
export type Connect = (
  to: { readonly addresses: readonly string[]; readonly port: number },
  signal: AbortSignal,
) => Promise<Socket>;

export interface DiallerOptions {
  readonly resolve: Resolve;
  readonly connect: Connect;
  /** Names that may stand for private addresses. */
  readonly privateHosts: ReadonlySet<string>;
  /** Whether an address is one of this machine. */
  readonly isOwn: (address: string) => boolean;
  /** Where this controller listens on those: never reached. */
  readonly ownPort: number;
}

/** A destination that a policy allows → a connection to it. */
export type Dial = (destination: Destination, signal: AbortSignal) => Promise<Socket>;

const resolveDeadlineMs = 5_000;
const connectDeadlineMs = 10_000;

/**
 * Resolves once, refuses the whole name when one of its addresses is not public, and connects to what was checked. Whether the
 * name may be reached at all was decided before.
 * @throws Denied `private_address`; Unreachable; the signal's reason
 */
export function createDial(options: DiallerOptions): Dial {
  return async (destination, signal) => {
    const { name, port } = destination;
    const addresses = await inTime(
      destination,
      "the name was not resolved in time",
      resolveDeadlineMs,
      signal,
      (inner) => options.resolve(name, inner),
      "the name cannot be resolved",
    );
    if (addresses.length === 0) throw new Unreachable(textOf(destination), "the name has no address");
    if (!addresses.every((address) => mayReach(address, destination, options)))
      throw new Denied("private_address", textOf(destination));
    return inTime(
      destination,
      "it did not answer in time",
      connectDeadlineMs,
      signal,
      (inner) => options.connect({ addresses, port }, inner),
      "the connection failed",
    );
  };
}

function mayReach(address: string, { name, port }: Destination, options: DiallerOptions): boolean {
  const kind = addressKind(address);
  const isOwn = options.isOwn(address);
  if (kind === "never" || (isOwn && port === options.ownPort)) return false;
  return (kind === "public" && !isOwn) || options.privateHosts.has(name);
}

/** What a failure says of the controller's machine and its network stays here. */
async function inTime<T>(
  destination: Destination,
  whenLate: string,
  ms: number,
  parent: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
  whenFailed: string,
): Promise<T> {
  try {
    return await withDeadline("egress", ms, work, { parent });
  } catch (thrown) {
    parent.throwIfAborted();
    const late = thrown instanceof BerthError && thrown.code === "deadline_exceeded";
    throw new Unreachable(textOf(destination), late ? whenLate : whenFailed, { late });
  }
}
