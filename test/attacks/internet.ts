import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from "node:net";
import { systemClock } from "../../src/core/clock.ts";
import { AllowList } from "../../src/egress/allow-list.ts";
import { createDial, type Connect, type Resolve } from "../../src/egress/dialler.ts";
import { connectToAddress, isOwnAddress } from "../../src/egress/network.ts";
import { openEgress } from "../../src/egress/open-egress.ts";
import type { Berth } from "../support/running-berth.ts";
import type { Arena } from "./arena.ts";
import { reachedIf, type Reached } from "./attack.ts";
import { serveNaively } from "./naive-proxy.ts";

/** Public addresses of the attacks' internet: of the one site that is allowed, and of a stranger. */
export const site = "93.184.215.14";
export const stranger = "93.184.215.15";
/** A site of the allowed address which is not allowed itself. */
export const hiddenSite = "hidden.test";

/** The name of the allowed site. */
export const allowed = "allowed.test";

/** What a tool sends on one connection; of two parts the second follows the answer to the first. */
export type Message = string | readonly [string, Buffer];

const standsFor: Readonly<Record<string, string>> = { [site]: "127.0.0.2", [stranger]: "127.0.0.3" };
const loopback = "127.0.0.1";

export interface Way {
  /** `name:port` and `*.name:port`. */
  readonly allow: readonly string[];
  /** Name → its answers, one after the other; the last one stays. */
  readonly names: Readonly<Record<string, readonly (readonly string[])[]>>;
  readonly privateHosts?: readonly string[];
  /** Where the controller listens. */
  readonly ownPort?: number;
}

/**
 * An internet that ends on this machine's loopback. Its server tells the flag to whoever comes, except on the address of the allowed
 * site, where only the hidden site does. No connection goes anywhere else, whatever a proxy asks for.
 */
export class Internet {
  readonly flag: string;
  /** Of the server, on every address. */
  readonly port: number;
  /** Every name that a proxy asked for. */
  readonly asked: string[] = [];
  readonly #arena: Arena;
  /** Connections through a proxy that has no policy, of all sandboxes together. */
  readonly #shared = { open: 0 };

  private constructor(arena: Arena, flag: string, port: number) {
    this.#arena = arena;
    this.flag = flag;
    this.port = port;
  }

  static async open(arena: Arena, paths: Readonly<Record<string, RequestListener>> = {}): Promise<Internet> {
    const flag = arena.flag();
    const server = createServer({ insecureHTTPParser: true, requireHostHeader: false }, (request, response) => {
      const handler = paths[request.url ?? ""];
      if (isSite(request.socket) && !named(request).includes(hiddenSite))
        return handler ? handler(request, response) : void response.end("hello");
      response.end(flag);
    });
    server.keepAliveTimeout = 200;
    server.keepAliveTimeoutBuffer = 0;
    return new Internet(arena, flag, await listen(arena, server));
  }

  /** A server at another port that tells the flag, as a reply of HTTP, once it has heard `word`, in whatever case. Gives the port. */
  async listener(word: string): Promise<number> {
    const reply = `HTTP/1.1 200 OK\r\nContent-Length: ${this.flag.length}\r\nConnection: close\r\n\r\n${this.flag}`;
    const server = createTcpServer((socket) => {
      let heard = "";
      socket.setTimeout(3_000, () => socket.destroy()).on("error", () => undefined);
      socket.on("data", (bytes) => {
        heard = (heard + bytes.toString("latin1").toLowerCase()).slice(-4_096);
        if (heard.includes(word.toLowerCase())) socket.end(reply);
      });
    });
    return listen(this.#arena, server);
  }

  /** Gives a sandbox its proxy, or one without a policy where that defence is missing. */
  async connect({ guest }: Berth, { allow, names, privateHosts = [], ownPort = 1 }: Way): Promise<void> {
    const left = new Map(Object.entries(names).map(([name, answers]) => [name, [...answers]]));
    const resolve: Resolve = async (name) => {
      this.asked.push(name);
      const answers = left.get(name) ?? [[]];
      return (answers.length > 1 ? answers.shift() : answers[0]) ?? [];
    };
    const connect: Connect = ({ addresses: [address = loopback], port }, signal) =>
      connectToAddress({ addresses: [standsFor[address] ?? loopback], port }, signal);
    const ended = new AbortController();
    const { signal } = ended;
    this.#arena.defer(() => ended.abort());
    if (!this.#arena.has("egress_policy"))
      return serveNaively({ guest, resolve, connect, signal, shared: this.#shared });
    await openEgress({
      guest,
      allowList: new AllowList(allow),
      dial: createDial({ resolve, connect, privateHosts: new Set(privateHosts), isOwn: isOwnAddress, ownPort }),
      observer: { allowed: () => undefined, denied: () => undefined },
      maxConnections: 32,
      signal,
      clock: systemClock,
    });
  }
}

const isSite = ({ localAddress }: Socket): boolean => localAddress === standsFor[site];

/** Whatever a request could mean by its host: its target, unless that is a path, and each `Host`. */
const named = ({ url = "", rawHeaders }: IncomingMessage): string =>
  [
    url.startsWith("/") ? "" : url,
    ...rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === "host"),
  ].join(" ");

async function listen(arena: Arena, server: Server): Promise<number> {
  server.listen(0, "0.0.0.0");
  await once(server, "listening");
  arena.defer(() => server.close());
  return (server.address() as AddressInfo).port;
}

/**
 * Sends each of the messages through the proxy, on a connection of its own, and gives all that came back.
 */
export async function say(berth: Berth, messages: readonly Message[]): Promise<string> {
  const parts = messages.map((message) => {
    const [first, second] = typeof message === "string" ? [message, Buffer.alloc(0)] : message;
    return `["${Buffer.from(first).toString("hex")}", "${second.toString("hex")}"]`;
  });
  const { outcome, stdout, stderr } = await berth.run([
    "perl",
    "-e",
    `use strict; use warnings; use IO::Socket::INET; $SIG{PIPE} = "IGNORE"; $SIG{ALRM} = sub { die "late\\n" }; $| = 1;
for my $message (${parts.join(", ")}) {
  eval {
    alarm 2;
    my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => 3128) or die "no proxy: $!\\n";
    $s->autoflush(1);
    print $s pack "H*", $message->[0];
    if ($message->[1] ne "") { while (my $line = <$s>) { print $line; last if $line eq "\\r\\n" } print $s pack "H*", $message->[1] }
    while (sysread $s, my $bytes, 65536) { print $bytes }
  };
  alarm 0;
  print $@ ? "\\n$@" : "\\n";
}`,
  ]);
  if (outcome.type !== "exited" || outcome.code !== 0) throw new Error(`the tool broke off: ${stderr.head}`);
  return stdout.head + stdout.tail;
}

/** A request for an URL, as a client of a proxy sends it. */
export const get = (url: string, host = new URL(url).host): string =>
  `GET ${url} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;

/** A tunnel to `authority` and in it a request. */
export const tunnelled = (authority: string, inside: Buffer): readonly [string, Buffer] => [
  `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`,
  inside,
];

/** What a proxy that reaches the allowed site lets through of the messages; the flag is what none of them may bring. */
export async function through(
  arena: Arena,
  internet: Internet,
  messages: readonly Message[],
  { allow = [], names = {}, ...way }: Partial<Way> = {},
): Promise<Reached> {
  const { port, flag } = internet;
  const berth = await arena.sandbox({ profile: "egress" });
  await internet.connect(berth, {
    allow: [`${allowed}:${port}`, ...allow],
    // The site is public, and this machine stands for it.
    names: { [allowed]: [[site]], ...names },
    ...way,
  });
  const heard = await say(berth, [get(`http://${allowed}:${port}/`), ...messages]);
  if (!heard.includes("hello")) throw new Error(`the proxy does not reach the allowed site: ${heard.slice(0, 300)}`);
  return reachedIf(heard.includes(flag), heard.includes(flag) ? heard.slice(heard.indexOf(flag) - 100) : heard);
}

/** Each host by a plain request and by a tunnel. */
export const both = (hosts: readonly string[], port: number): readonly Message[] =>
  hosts.flatMap((host) => [
    `GET http://${host}:${port}/ HTTP/1.1\r\nHost: ${host}:${port}\r\nConnection: close\r\n\r\n`,
    tunnelled(`${host}:${port}`, Buffer.from("GET / HTTP/1.1\r\nHost: flag\r\nConnection: close\r\n\r\n")),
  ]);
