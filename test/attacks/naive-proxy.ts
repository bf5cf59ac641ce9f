import { isIP } from "node:net";
import { pipeline, type Duplex } from "node:stream";
import type { Connect, Resolve } from "../../src/egress/dialler.ts";
import type { Guest } from "../../src/guest/guest.ts";

const port = 3128;
const maxConnections = 100;
/** What its connections share, whoever they belong to. */
const maxShared = 24;
const lanes = 4;
const maxHeadBytes = 65_536;
const endOfHead = "\r\n\r\n";

export interface NaiveProxyOptions {
  readonly guest: Guest;
  readonly resolve: Resolve;
  readonly connect: Connect;
  readonly signal: AbortSignal;
  /** Of one service for all sandboxes. */
  readonly shared: { open: number };
}

/** A forward proxy as the first page of a tutorial has it: it goes wherever it is sent, and passes on what it is given. */
export async function serveNaively(options: NaiveProxyOptions): Promise<void> {
  const { guest, signal, shared } = options;
  await guest.listenEgress({ port, maxConnections }, { signal });
  const lane = async () => {
    while (!signal.aborted) {
      const tool = await guest.acceptEgress(signal).catch(() => undefined);
      if (tool === undefined) return;
      if (shared.open >= maxShared) {
        tool.destroy();
        continue;
      }
      shared.open++;
      const stop = () => tool.destroy();
      signal.addEventListener("abort", stop, { once: true });
      tool.on("error", stop).once("close", () => {
        shared.open--;
        signal.removeEventListener("abort", stop);
      });
      serve(tool, options).catch(stop);
    }
  };
  for (let at = 0; at < lanes; at++) void lane();
}

async function serve(tool: Duplex, { resolve, connect, signal }: NaiveProxyOptions): Promise<void> {
  const head = await headOf(tool);
  const lineEnd = head.indexOf("\r\n");
  const [method = "", target = ""] = head.subarray(0, lineEnd).toString().split(" ");
  const isTunnel = method === "CONNECT";
  const { hostname, port: asked, pathname, search } = new URL(isTunnel ? `http://${target}/` : target);
  const name = hostname.replaceAll(/^\[|\]$/g, "").replace(/\.$/, "");
  const addresses = isIP(name) === 0 ? await resolve(name, signal) : [name];
  const socket = await connect({ addresses, port: Number(asked || 80) }, signal);
  socket.on("error", () => tool.destroy());
  if (isTunnel) {
    tool.write(Buffer.from(`HTTP/1.1 200 OK${endOfHead}`));
    socket.write(head.subarray(head.indexOf(endOfHead) + endOfHead.length));
  } else socket.write(Buffer.concat([Buffer.from(`${method} ${pathname}${search} HTTP/1.1`), head.subarray(lineEnd)]));
  pipeline(tool, socket, () => undefined);
  pipeline(socket, tool, () => undefined);
}

/** The bytes up to the end of a request's head, and what came with them. */
function headOf(tool: Duplex): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let bytes = Buffer.alloc(0);
    const take = (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      if (bytes.length > maxHeadBytes) return reject(new Error("a head without an end"));
      if (!bytes.includes(endOfHead)) return;
      tool.pause().off("data", take);
      resolve(bytes);
    };
    tool.on("data", take).once("close", () => reject(new Error("closed")));
  });
}
