import { Resolver } from "node:dns/promises";
import { connect, isIP, isIPv4, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import type { Connect, Resolve } from "./dialler.ts";

const attemptMs = 2_000;
const attempts = 2;
/** Of a name with more, the first are its addresses. */
const maxAddresses = 16;

/**
 * Asks the machine's name servers, and not its hosts file: no thread of the process waits for the answer, so names that never answer
 * hold up nothing else.
 */
export const resolveName: Resolve = async (name, signal) => {
  const resolver = new Resolver({ timeout: attemptMs, tries: attempts });
  const cancel = () => resolver.cancel();
  signal.addEventListener("abort", cancel, { once: true });
  try {
    const answers = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
    signal.throwIfAborted();
    const addresses = answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
    return addresses.slice(0, maxAddresses);
  } finally {
    signal.removeEventListener("abort", cancel);
  }
};

/** Tries the addresses one after the other, as RFC 8305 has it. */
export const connectToAddress: Connect = ({ addresses, port }, signal) =>
  new Promise((resolve, reject) => {
    const known = addresses.map((address) => ({ address, family: isIP(address) }));
    const socket: Socket = connect({
      // Never looked up: what stands for it is what was checked.
      host: "checked.invalid",
      port,
      autoSelectFamily: true,
      lookup: (_host, _options, done) => done(null, known),
    });
    const fail = (reason: unknown) => {
      signal.removeEventListener("abort", onAbort);
      socket.destroy();
      reject(reason);
    };
    const onAbort = () => fail(signal.reason);
    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    socket.on("error", fail);
    socket.once("connect", () => {
      signal.removeEventListener("abort", onAbort);
      socket.setNoDelay(true);
      resolve(socket);
    });
  });

/** Loopback, and every address of this machine's interfaces now. */
export function isOwnAddress(address: string): boolean {
  const asked = canonical(address);
  if (asked.startsWith("127.")) return true;
  const interfaces = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  return interfaces.some((entry) => canonical(entry.address) === asked);
}

/** The one spelling of an address, without a zone. */
function canonical(address: string): string {
  const bare = address.replace(/%.*$/, "");
  return isIPv4(bare) ? bare : new URL(`http://[${bare}]/`).hostname;
}
