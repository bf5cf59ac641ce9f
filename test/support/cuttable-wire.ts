import { createServer, connect, type AddressInfo, type Socket } from "node:net";
import { once } from "node:events";

/** A way to a controller that can be cut, and lead to another one afterwards. */
export interface CuttableWire extends AsyncDisposable {
  readonly url: string;
  /** Ends every connection, with whatever is on its way. */
  cut(): void;
  /** Where new connections lead; undefined refuses them. */
  leadTo(url: string | undefined): void;
}

export async function cuttableWire(url: string): Promise<CuttableWire> {
  const sockets = new Set<Socket>();
  let target: string | undefined = url;
  const server = createServer((near) => {
    if (target === undefined) return void near.destroy();
    const { hostname, port } = new URL(target);
    const far = connect(Number(port), hostname);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.pipe(other);
      one.once("error", () => other.destroy());
      one.once("close", () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    leadTo: (next) => void (target = next),
    [Symbol.asyncDispose]: async () => {
      cut();
      server.close();
      await once(server, "close");
    },
  };
}
