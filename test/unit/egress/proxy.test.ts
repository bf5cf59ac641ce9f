import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect, createServer as createTcpServer, type AddressInfo, type Server as TcpServer } from "node:net";
import type { Duplex } from "node:stream";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { AllowList } from "../../../src/egress/allow-list.ts";
import { createDial, type DiallerOptions } from "../../../src/egress/dialler.ts";
import { EgressProxy, type ProxyOptions } from "../../../src/egress/proxy.ts";
import { streamPair } from "../../../src/provider/memory/serve/stream-pair.ts";
import { clientHello } from "../../support/client-hello.ts";

const publicAddress = "93.184.216.34";

let origin: Server;
let echo: TcpServer;
const seen: { url: string; headers: string[]; body: string }[] = [];
const proxies: EgressProxy[] = [];

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  seen.push({ url: request.url ?? "", headers: request.rawHeaders, body: Buffer.concat(chunks).toString() });
  if (request.url === "/redirect") response.writeHead(302, { location: "http://169.254.169.254/latest/" }).end();
  else if (request.url === "/large") response.end(Buffer.alloc(8 * 1024 * 1024, "x"));
  else if (request.url === "/broken")
    response.writeHead(200, { "content-length": 100 }).write("half", () => response.destroy());
  else if (request.url === "/headers") response.writeHead(200, { "x-long": "x".repeat(40_000) }).end();
  else if (request.url === "/switch") response.writeHead(101, { upgrade: "h2c", connection: "upgrade" }).end();
  else response.writeHead(200, { "keep-alive": "timeout=5", "x-origin": "1" }).end("hello");
}

beforeAll(async () => {
  origin = createServer((request, response) => void answer(request, response)).listen(0, "127.0.0.1");
  echo = createTcpServer((socket) => socket.on("error", () => {}).pipe(socket)).listen(0, "127.0.0.1");
  await Promise.all([once(origin, "listening"), once(echo, "listening")]);
});

afterEach(() => {
  for (const proxy of proxies.splice(0)) proxy.close();
  seen.length = 0;
});

afterAll(() => {
  origin.close();
  echo.close();
});

const portOf = (server: { address(): unknown }) => (server.address() as AddressInfo).port;

/** A proxy on whose far side every address is this machine, and what it told. */
function proxyTo(server: Server | TcpServer, change: Partial<DiallerOptions> & Partial<ProxyOptions> = {}) {
  const dialled: { addresses: readonly string[]; port: number }[] = [];
  const asked: string[] = [];
  const told: string[] = [];
  const { resolve = async () => [publicAddress], ...rest } = change;
  const dial = createDial({
    privateHosts: new Set(["mirror.example.org"]),
    isOwn: (address) => address.startsWith("127."),
    ownPort: 7420,
    connect: async (to) => {
      dialled.push(to);
      const socket = connect(portOf(server), "127.0.0.1");
      await once(socket, "connect");
      return socket;
    },
    ...rest,
    resolve: (name, signal) => {
      asked.push(name);
      return resolve(name, signal);
    },
  });
  const proxy = new EgressProxy({
    allowList: new AllowList(["example.org", "example.org:80", "mirror.example.org:80", "mirror.example.org:7420"]),
    dial,
    observer: { allowed: () => told.push("allowed"), denied: (to, reason) => told.push(`${reason} ${to}`) },
    ...rest,
  });
  proxies.push(proxy);
  const open = (): Duplex => {
    const [tool, end] = streamPair();
    proxy.serve(end);
    return tool;
  };
  /** Sends bytes as a tool and gives all that comes back. */
  const send = async (bytes: string | Buffer): Promise<string> => {
    const tool = open();
    tool.write(bytes);
    const chunks: Buffer[] = [];
    for await (const chunk of tool) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString("latin1");
  };
  return { proxy, dialled, asked, told, open, send };
}

const get = (url: string, headers = "") => `GET ${url} HTTP/1.1\r\n${headers}\r\n`;

describe("a request", () => {
  test("to an allowed name is sent on with a Host of ours and without what is the connection's own", async () => {
    const { send, dialled, told } = proxyTo(origin);
    const reply = await send(
      get(
        "http://EXAMPLE.org./a?b=%20",
        "Host: example.org\r\nConnection: close, X-Drop\r\nX-Drop: 1\r\nProxy-Authorization: x\r\nUpgrade: h2c\r\nTE: trailers\r\nX-Keep: 1\r\nX-Keep: 2\r\n",
      ),
    );
    expect(reply).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(reply).toContain("x-origin: 1");
    expect(reply).not.toContain("timeout=5");
    expect(reply).toMatch(/hello/);
    expect(seen[0]?.url).toBe("/a?b=%20");
    expect(seen[0]?.headers.join("|").toLowerCase()).toBe("host|example.org|x-keep|1|x-keep|2|connection|close");
    expect(dialled).toEqual([{ addresses: [publicAddress], port: 80 }]);
    expect(told).toEqual(["allowed"]);
  });

  test("keeps its body, whatever Connection says of its length", async () => {
    const { send } = proxyTo(origin);
    await send("POST http://example.org/ HTTP/1.1\r\nConnection: content-length\r\nContent-Length: 4\r\n\r\nbody");
    await send("GET http://example.org/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    await send("POST http://example.org/ HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\nbody");
    expect(seen.map(({ body }) => body)).toEqual(["body", "abc", "body"]);
  });

  test("gets large replies whole, and broken ones broken", async () => {
    const { send } = proxyTo(origin);
    expect((await send(get("http://example.org/large"))).length).toBeGreaterThan(8 * 1024 * 1024);
    const broken = await send(get("http://example.org/broken")).catch((thrown: unknown) => String(thrown));
    expect(broken).not.toMatch(/\r\n0\r\n/);
    expect(await send(get("http://example.org/headers"))).toMatch(/^HTTP\/1\.1 502 /);
    expect(await send(get("http://example.org/switch"))).toMatch(/^HTTP\/1\.1 502 /);
  });

  test("is followed by no other on its connection", async () => {
    const { send, told } = proxyTo(origin);
    await send(get("http://example.org/1") + get("http://example.org/2") + get("http://evil.example/"));
    expect(seen.map(({ url }) => url)).toEqual(["/1"]);
    expect(told).toEqual(["allowed"]);
  });

  test("that follows a redirect to a metadata service is refused like any other", async () => {
    const { send, told } = proxyTo(origin);
    const location = /location: (\S+)/.exec(await send(get("http://example.org/redirect")))?.[1];
    expect(location).toBe("http://169.254.169.254/latest/");
    expect(await send(get(location!))).toMatch(/^HTTP\/1\.1 403 /);
    expect(told).toEqual(["allowed", "address 169.254.169.254"]);
  });

  test.each([
    ["a name that is not listed", get("http://evil.example/"), "not_allowed evil.example:80"],
    ["another port", get("http://example.org:8080/"), "not_allowed example.org:8080"],
    ["a name beneath", get("http://a.example.org/"), "not_allowed a.example.org:80"],
    ["an address", get("http://127.0.0.1/"), "address 127.0.0.1"],
    ["an address in hex", get("http://0x7f.1/"), "address 0x7f.1"],
    ["an IPv6 address", get("http://[::1]/"), "address [::1]"],
    ["userinfo", get("http://example.org@127.0.0.1/"), "invalid_request example.org@127.0.0.1"],
    ["no absolute form", get("/", "Host: example.org\r\n"), "invalid_request /"],
    ["https", get("https://example.org/"), "invalid_request https://example.org/"],
    ["another scheme", get("ftp://example.org/"), "invalid_request ftp://example.org/"],
    ["a fragment", get("http://example.org/#a"), "invalid_request example.org:80"],
    ["another Host", get("http://example.org/", "Host: evil.example\r\n"), "invalid_request example.org:80"],
    ["another port in Host", get("http://example.org/", "Host: example.org:81\r\n"), "invalid_request example.org:80"],
    [
      "two Hosts",
      get("http://example.org/", "Host: example.org\r\nHost: evil.example\r\n"),
      "invalid_request example.org:80",
    ],
    [
      "the same Host twice",
      get("http://example.org/", "Host: example.org\r\nHost: example.org\r\n"),
      "invalid_request example.org:80",
    ],
    ["an odd method", "TRACE http://example.org/ HTTP/1.1\r\n\r\n", "invalid_request example.org:80"],
    ["HTTP/0.9", "GET http://example.org/\r\n\r\n", "invalid_request example.org:80"],
    [
      "length and chunks",
      "POST http://example.org/ HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "invalid_request -",
    ],
    [
      "two lengths",
      "POST http://example.org/ HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
      "invalid_request -",
    ],
    [
      "another coding",
      "POST http://example.org/ HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
      "invalid_request example.org:80",
    ],
    ["a folded header", get("http://example.org/", "A: b\r\n c: d\r\n"), "invalid_request -"],
    ["a space before a colon", get("http://example.org/", "Host : example.org\r\n"), "invalid_request -"],
    ["bare line feeds", "GET http://example.org/ HTTP/1.1\n\n", "invalid_request -"],
    ["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "invalid_request -"],
    ["endless headers", get("http://example.org/", `A: ${"a".repeat(40_000)}\r\n`), "invalid_request -"],
    ["no HTTP", "\u0016\u0003\u0001 hello there\r\n\r\n", "invalid_request -"],
  ])("with %s is refused, counted and reaches nobody", async (_what, bytes, expected) => {
    const { send, told, asked, dialled } = proxyTo(origin);
    expect(await send(Buffer.from(bytes, "latin1"))).toMatch(/^HTTP\/1\.1 40[03] [^]*Berth refuses /);
    expect(told).toEqual([expected]);
    expect(asked).toEqual([]);
    expect(dialled).toEqual([]);
    expect(seen).toEqual([]);
  });
});

describe("a name", () => {
  test.each([
    ["a private address", ["10.0.0.1"]],
    ["loopback", ["127.0.0.1"]],
    ["a metadata service", ["169.254.169.254"]],
    ["IPv6 loopback", ["::1"]],
    ["a mapped address", ["::ffff:127.0.0.1"]],
    ["one private address among public ones", [publicAddress, "192.168.1.1"]],
  ])("that stands for %s is refused as a whole", async (_what, addresses) => {
    const { send, told, dialled } = proxyTo(origin, { resolve: async () => addresses });
    expect(await send(get("http://example.org/"))).toMatch(/^HTTP\/1\.1 403 /);
    expect(await send("CONNECT example.org:443 HTTP/1.1\r\n\r\n")).toMatch(/^HTTP\/1\.1 403 /);
    expect(told).toEqual(["private_address example.org:80", "private_address example.org:443"]);
    expect(dialled).toEqual([]);
  });

  test("is resolved once, and the address that was checked is the one connected to", async () => {
    const answers = [[publicAddress], ["127.0.0.1"]];
    const { send, asked, dialled } = proxyTo(origin, { resolve: async () => answers.shift() ?? [] });
    expect(await send(get("http://example.org/"))).toMatch(/^HTTP\/1\.1 200 /);
    expect(asked).toEqual(["example.org"]);
    expect(dialled).toEqual([{ addresses: [publicAddress], port: 80 }]);
  });

  test("of a private host may stand for a private address, and never for a metadata service or for the controller", async () => {
    const { send, told, dialled } = proxyTo(origin, { resolve: async () => ["127.0.0.1"] });
    expect(await send(get("http://mirror.example.org/"))).toMatch(/^HTTP\/1\.1 200 /);
    expect(await send(get("http://mirror.example.org:7420/"))).toMatch(/^HTTP\/1\.1 403 /);
    expect(dialled).toEqual([{ addresses: ["127.0.0.1"], port: 80 }]);
    const metadata = proxyTo(origin, { resolve: async () => ["169.254.169.254"] });
    expect(await metadata.send(get("http://mirror.example.org/"))).toMatch(/^HTTP\/1\.1 403 /);
    expect([...told, ...metadata.told]).toEqual([
      "allowed",
      "private_address mirror.example.org:7420",
      "private_address mirror.example.org:80",
    ]);
  });

  test("that stands for an address of this machine is refused, public or not", async () => {
    const { send, told } = proxyTo(origin, { isOwn: (address) => address === publicAddress });
    expect(await send(get("http://example.org/"))).toMatch(/^HTTP\/1\.1 403 /);
    expect(told).toEqual(["private_address example.org:80"]);
  });

  test("that does not resolve or does not answer says so, and nothing of the network", async () => {
    const nothing = proxyTo(origin, { resolve: async () => [] });
    const failing = proxyTo(origin, { resolve: () => Promise.reject(new Error("10.9.8.7 refused")) });
    const closed = proxyTo(origin, { connect: () => Promise.reject(new Error("ECONNREFUSED 10.9.8.7")) });
    for (const { send, told } of [nothing, failing, closed]) {
      const reply = await send(get("http://example.org/"));
      expect(reply).toMatch(/^HTTP\/1\.1 502 [^]*Berth cannot reach example\.org:80: /);
      expect(reply).not.toContain("10.9.8.7");
      expect(told).toEqual([]);
    }
  });
});

describe("CONNECT", () => {
  const established = /^HTTP\/1\.1 200 Connection established\r\n\r\n/;

  async function tunnelled(server: TcpServer, opening: Buffer, how: { pieces?: number; target?: string } = {}) {
    const proxy = proxyTo(server);
    const tool = proxy.open();
    const received: Buffer[] = [];
    tool.on("data", (chunk: Buffer) => received.push(chunk));
    tool.write(`CONNECT ${how.target ?? "example.org:443"} HTTP/1.1\r\nHost: example.org\r\n\r\n`);
    const pieceBytes = Math.ceil(opening.length / (how.pieces ?? 1));
    for (let at = 0; at < opening.length; at += pieceBytes) {
      tool.write(opening.subarray(at, at + pieceBytes));
      await new Promise(setImmediate);
    }
    return { ...proxy, tool, received: () => Buffer.concat(received) };
  }

  test.each([1, 7, 300])("carries TLS with the named server both ways, its hello in %i pieces", async (pieces) => {
    const hello = await clientHello("example.org");
    const { tool, received, told } = await tunnelled(echo, hello, { pieces });
    tool.write("more");
    await vi.waitFor(() => expect(received().toString("latin1")).toMatch(/more$/));
    expect(received().toString("latin1")).toMatch(established);
    expect(received().includes(hello)).toBe(true);
    tool.end();
    await vi.waitFor(() => expect(tool.closed).toBe(true));
    expect(told).toEqual(["allowed"]);
  });

  test("carries TLS that names no server", async () => {
    const { received } = await tunnelled(echo, await clientHello());
    await vi.waitFor(() => expect(received().length).toBeGreaterThan(100));
  });

  test.each([
    ["TLS with another server", "other_server_name example.org:443", () => clientHello("evil.example")],
    ["TLS with a server beneath", "other_server_name example.org:443", () => clientHello("a.example.org")],
    ["plain HTTP", "not_tls example.org:443", async () => Buffer.from("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n")],
    ["SSH", "not_tls example.org:443", async () => Buffer.from("SSH-2.0-x\r\n")],
  ])("ends before a byte of %s has left", async (_what, expected, opening) => {
    const left: Buffer[] = [];
    const listener = createTcpServer((socket) => socket.on("error", () => {}).on("data", (chunk) => left.push(chunk)));
    await once(listener.listen(0, "127.0.0.1"), "listening");
    const { tool, told } = await tunnelled(listener, await opening());
    await vi.waitFor(() => expect(tool.closed).toBe(true));
    expect(told).toEqual(["allowed", expected]);
    expect(left).toEqual([]);
    listener.close();
  });

  test.each([
    ["evil.example:443", "not_allowed evil.example:443"],
    ["example.org:22", "not_allowed example.org:22"],
    ["127.0.0.1:443", "address 127.0.0.1:443"],
    ["2130706433:443", "address 2130706433:443"],
    ["[::1]:443", "address [::1]:443"],
    ["[fe80::1%25lo]:443", "address [fe80::1%25lo]:443"],
    ["example.org", "invalid_request example.org"],
    ["user@example.org:443", "invalid_request user@example.org:443"],
    ["http://example.org:443", "invalid_request http://example.org:443"],
  ])("to %s is refused", async (target, expected) => {
    const { send, told, asked } = proxyTo(echo);
    expect(await send(`CONNECT ${target} HTTP/1.1\r\n\r\n`)).toMatch(/^HTTP\/1\.1 40[03] /);
    expect(told).toEqual([expected]);
    expect(asked).toEqual([]);
  });
});

describe("a connection", () => {
  test("ends when it is idle, when its request does not come, and when the proxy closes", async () => {
    const silent = createTcpServer((socket) => socket.on("error", () => {}));
    await once(silent.listen(0, "127.0.0.1"), "listening");
    const idle = proxyTo(silent, { idleMs: 50 });
    expect(await idle.send(get("http://example.org/"))).toMatch(/^HTTP\/1\.1 502 /);
    const late = proxyTo(silent, { requestMs: 50 });
    expect(await late.send("GET http://example.org/ HT").catch(() => "")).toBe("");
    const closing = proxyTo(silent);
    const tool = closing.open();
    tool.resume().write(get("http://example.org/"));
    await vi.waitFor(() => expect(closing.told).toEqual(["allowed"]));
    expect(closing.proxy.connections).toBe(1);
    closing.proxy.close();
    await vi.waitFor(() => expect(closing.proxy.connections).toBe(0));
    tool.destroy();
    silent.close();
  });

  test("that the tool gives up takes what was made for it along", async () => {
    const open = new Set<unknown>();
    const silent = createTcpServer((socket) => {
      open.add(socket);
      socket
        .resume()
        .on("error", () => {})
        .once("close", () => open.delete(socket));
    });
    await once(silent.listen(0, "127.0.0.1"), "listening");
    const { open: connectTool, proxy } = proxyTo(silent);
    const tool = connectTool();
    tool.resume().write(get("http://example.org/"));
    await vi.waitFor(() => expect(open.size).toBe(1));
    tool.end();
    await vi.waitFor(() => expect(open.size).toBe(0));
    await vi.waitFor(() => expect(proxy.connections).toBe(0));
    silent.close();
  });
});
