import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { Client } from "pg";

/** A way to a database over TCP that can stop carrying anything, and go on. */
export interface Wire extends AsyncDisposable {
  readonly url: string;
  /** From now on bytes vanish in both directions: connections are taken, and nobody answers. */
  blackHole(): void;
  /** New connections are carried again; those that lost bytes stay dead. */
  mend(): void;
}

export async function wireTo(url: string): Promise<Wire> {
  const { host, port, user, database } = new Client({ connectionString: url });
  const far = host.startsWith("/") ? { path: `${host}/.s.PGSQL.${port}` } : { host, port };
  const sockets = new Set<Socket>();
  let dead = false;
  const kept = (socket: Socket) => {
    sockets.add(socket);
    return socket.on("error", () => socket.destroy()).once("close", () => sockets.delete(socket));
  };
  const between = createServer({ allowHalfOpen: true }, (near) => {
    const to = kept(connect({ ...far, allowHalfOpen: true }));
    kept(near);
    let lost = dead;
    const carry = (from: Socket, into: Socket) => {
      const unlessLost = (act: () => void) => {
        lost ||= dead;
        if (!lost) act();
      };
      from.on("data", (bytes) => unlessLost(() => into.write(bytes)));
      from.on("end", () => unlessLost(() => into.end()));
      from.once("close", () => unlessLost(() => into.destroy()));
    };
    carry(near, to);
    carry(to, near);
  });
  between.listen(0, "127.0.0.1");
  await once(between, "listening");
  const password = new URL(url).password;
  return {
    url: `postgres://${user}:${password}@127.0.0.1:${(between.address() as AddressInfo).port}/${database}`,
    blackHole: () => (dead = true),
    mend: () => (dead = false),
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      between.close();
      await once(between, "close");
    },
  };
}
