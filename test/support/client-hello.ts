import { duplexPair } from "node:stream";
import { connect } from "node:tls";

/** The first record that Node's TLS client sends to a server of this name, or to none. */
export async function clientHello(servername?: string): Promise<Buffer> {
  const [near, far] = duplexPair();
  const client = connect({ socket: near, ...(servername === undefined ? {} : { servername }) });
  client.on("error", () => {});
  try {
    return await new Promise((resolve) => {
      far.once("data", resolve);
    });
  } finally {
    client.destroy();
    far.destroy();
  }
}
