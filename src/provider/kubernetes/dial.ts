import { connect, type Socket } from "node:net";
import { withDeadline } from "../../core/deadline.ts";
import { BerthError } from "../../core/errors.ts";
import { deadlines } from "./deadlines.ts";

/** A connection on which nothing comes is tried after so long, so that a node that is lost is noticed. */
const keepAliveMs = 15_000;

export interface DoorAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * A stream through a sandbox's door, which begins with the secret.
 * @throws BerthError `provider_unavailable` when nobody answers within 10 s
 */
export async function dialDoor({ host, port }: DoorAddress, secret: Buffer, signal?: AbortSignal): Promise<Socket> {
  const dial = (giveUp: AbortSignal) =>
    new Promise<Socket>((resolve, reject) => {
      const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs });
      const fail = (reason: unknown) => {
        socket.destroy();
        reject(reason);
      };
      const abort = () => fail(giveUp.reason);
      giveUp.addEventListener("abort", abort, { once: true });
      socket.once("error", fail);
      socket.once("connect", () => {
        giveUp.removeEventListener("abort", abort);
        socket.off("error", fail);
        socket.write(secret);
        resolve(socket);
      });
    });
  try {
    return await withDeadline(`a connection to ${host}:${port}`, deadlines.dial, dial, {
      parent: signal,
      code: "provider_unavailable",
    });
  } catch (thrown) {
    if (signal?.aborted) throw signal.reason;
    if (thrown instanceof BerthError) throw thrown;
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new BerthError("provider_unavailable", `The sandbox's door at ${host}:${port} does not answer: ${reason}.`, {
      cause: thrown,
    });
  }
}
