import { PassThrough, Writable, type Duplex } from "node:stream";
import { PortForward } from "@kubernetes/client-node";
import { withDeadline } from "../../core/deadline.ts";
import { BerthError } from "../../core/errors.ts";
import type { ClusterAddress } from "./cluster-address.ts";
import { deadlines } from "./deadlines.ts";
import { ForwardedPort, type ForwardSocket } from "./forwarded-port.ts";
import { doorPort } from "./names.ts";

/**
 * A stream through the API server to a sandbox's door, for development outside of the cluster: every byte passes the API server.
 * @throws BerthError `provider_unavailable` when it forwards nothing within 10 s
 */
export async function forwardToDoor(
  { config }: ClusterAddress,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  secret: Buffer,
  signal?: AbortSignal,
): Promise<Duplex> {
  const port = new ForwardedPort();
  const complaints = new Writable({
    write: (chunk: Buffer, _, done) => {
      // The channel begins with the port's number, of which the library leaves nothing.
      const said = chunk.toString().slice(0, 500);
      if (said !== "") port.destroy(new BerthError("provider_unavailable", `The port-forward ended: ${said}`));
      done();
    },
  });
  const forward = async (giveUp: AbortSignal) => {
    // What the library would send for us it does not hold back; the port sends for itself.
    const unused = new PassThrough();
    const library = new PortForward(config);
    const opened = await library.portForward(namespace, name, [doorPort], port.arrivals, complaints, unused);
    const socket = opened as unknown as ForwardSocket;
    if (giveUp.aborted) socket.close();
    return socket;
  };
  try {
    const socket = await withDeadline(`a port-forward to ${name}`, deadlines.dial, forward, {
      parent: signal,
      code: "provider_unavailable",
    });
    port.attach(socket);
    port.on("error", () => {});
    port.write(secret);
    return port;
  } catch (thrown) {
    if (signal?.aborted) throw signal.reason;
    if (thrown instanceof BerthError) throw thrown;
    throw new BerthError("provider_unavailable", `The API server forwards no port to ${name}.`, { cause: thrown });
  }
}
