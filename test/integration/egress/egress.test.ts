import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";
import { join, normalize } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Resolve } from "../../../src/egress/dialler.ts";
import { environment as environmentSchema } from "../../../src/model/environment.ts";
import { whyUnavailable } from "../../support/backend-availability.ts";
import { gitRepository } from "../../support/git-repository.ts";
import { localController } from "../../support/local-controller.ts";
import { codeOf, shell } from "../../support/memory-controller.ts";

const run = promisify(execFile);

/** What a tool does to get out: a request by the proxy, TLS by the proxy, or a connection of its own. */
const reach = `
import http from "node:http"; import net from "node:net"; import tls from "node:tls"; import dns from "node:dns";
const [how, target, name] = process.argv.slice(2);
const say = (...words) => { console.log(...words); process.exit(0); };
const proxy = new URL(process.env.http_proxy ?? "http://127.0.0.1:3128");
const by = { host: proxy.hostname, port: proxy.port };
const failed = (error) => say(error.code ?? error.message);
setTimeout(() => say("silence"), 20000);
if (how === "get") http.get({ ...by, path: target, headers: { host: new URL(target).host } }, async (reply) => {
  let text = ""; for await (const chunk of reply) text += chunk;
  say(reply.statusCode, reply.headers.location ?? text.trim());
}).on("error", failed);
if (how === "tls") http.request({ ...by, method: "CONNECT", path: target }).on("connect", (reply, socket) => {
  if (reply.statusCode !== 200) say(reply.statusCode);
  const pskCallback = () => ({ psk: Buffer.alloc(16, 1), identity: "tool" });
  const secure = tls.connect({ socket, servername: name, pskCallback, ciphers: "PSK", checkServerIdentity: () => undefined });
  secure.on("data", (text) => say(String(text))).on("error", failed).on("close", () => say("closed"));
}).on("error", failed).end();
if (how === "connect") net.connect(Number(name), target, () => say("connected")).on("error", failed);
if (how === "resolve") dns.lookup(target, (error, address) => say(error ? error.code : address));
`;

describe.each(["oci", "docker"] as const)("%s", (backend) => {
  let unavailable: string | undefined;
  let files: string | undefined;
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    if (request.url === "/redirect") return void response.writeHead(302, { location: "http://169.254.169.254/" }).end();
    if (request.url === "/hello") return void response.end(`hello ${request.headers.host}`);
    const path = normalize(join("/", request.url?.split("?")[0] ?? ""));
    const content = files === undefined ? undefined : await readFile(join(files, path)).catch(() => undefined);
    response.writeHead(content === undefined ? 404 : 200).end(content);
  };
  const origin = createServer((request, response) => void answer(request, response));
  const secure = createTlsServer({ ciphers: "PSK", pskCallback: () => Buffer.alloc(16, 1) }, (socket) => {
    socket.on("error", () => {}).end("secret hello");
  });
  const portOf = (server: typeof origin | typeof secure) => (server.address() as AddressInfo).port;

  beforeAll(async () => {
    unavailable = await whyUnavailable(backend);
    origin.listen(0, "0.0.0.0");
    secure.on("tlsClientError", () => {}).listen(0, "127.0.0.1");
    await Promise.all([once(origin, "listening"), once(secure, "listening")]);
  });

  afterAll(() => {
    origin.close();
    secure.close();
  });

  beforeEach(({ skip }) => skip(unavailable !== undefined, unavailable));

  const answers: Record<string, string[][]> = {
    "mirror.test": [["127.0.0.1"]],
    "public.test": [["127.0.0.1"]],
    "metadata.test": [["169.254.169.254"]],
    // What is asked for a second time would lead elsewhere.
    "rebinding.test": [["127.0.0.1"], ["169.254.169.254"]],
  };
  const asked: string[] = [];
  const resolve: Resolve = async (name) => {
    asked.push(name);
    const left = answers[name] ?? [[]];
    return (left.length > 1 ? left.shift() : left[0]) ?? [];
  };

  async function controllerWithEgress() {
    const controller = await localController(backend, {
      resolve,
      flags: { egress_private_hosts: "mirror.test,metadata.test,rebinding.test" },
    });
    const port = portOf(origin);
    const environment = environmentSchema.parse({
      name: "egress",
      image: controller.image,
      // A snapshot of its own, which goes with the data directory.
      env: { RUN: controller.dataDir },
      profile: "egress",
      egress: [
        ...["mirror.test", "public.test", "metadata.test", "rebinding.test"].map((name) => `${name}:${port}`),
        `mirror.test:${portOf(secure)}`,
      ],
    });
    const { rollout } = await controller.service.create({ environment });
    const id = rollout.rollout_id;
    expect(await controller.service.waitUntilSettled(id, 90_000)).toMatchObject({ status: "active", error: null });
    const tool = (name: string, args: Record<string, unknown>) =>
      controller.service.callTool(id, name, { arguments: args });
    await tool("write_file", { path: "reach.mjs", content: reach });
    return {
      controller,
      id,
      port,
      sh: async (command: string) => {
        const { stdout, stderr } = await controller.service.callTool(id, "shell", shell(command));
        return `${stdout?.head}${stdout?.tail}${stderr?.head}`.trim();
      },
      reach: async (...words: string[]) => {
        const { stdout, stderr } = await controller.service.callTool(
          id,
          "shell",
          shell(`node reach.mjs ${words.join(" ")}`),
        );
        return `${stdout?.head}${stderr?.head}`.trim();
      },
      [Symbol.asyncDispose]: () => controller[Symbol.asyncDispose](),
    };
  }

  test("tools reach allowed names through the proxy and nothing else, and each refusal is on the trajectory", async () => {
    await using sandbox = await controllerWithEgress();
    const { controller, id, port } = sandbox;
    const at = `mirror.test:${port}`;
    expect(await sandbox.sh("echo $http_proxy $https_proxy $HTTP_PROXY $HTTPS_PROXY $no_proxy -$ALL_PROXY")).toBe(
      `${"http://127.0.0.1:3128 ".repeat(4)}localhost,127.0.0.1,::1 -`,
    );
    expect(await sandbox.reach("get", `http://${at}/hello`)).toBe(`200 hello ${at}`);
    expect(await sandbox.reach("tls", `mirror.test:${portOf(secure)}`, "mirror.test")).toBe("secret hello");
    expect(await sandbox.reach("tls", `mirror.test:${portOf(secure)}`, "other.test")).toMatch(
      /^(?:closed|ECONNRESET)$/,
    );
    expect(await sandbox.reach("get", `http://${at}/redirect`)).toBe("302 http://169.254.169.254/");
    for (const url of ["http://169.254.169.254/", `http://127.0.0.1:${port}/hello`, `http://0x7f.1:${port}/hello`])
      expect(await sandbox.reach("get", url)).toMatch(/^403 Berth refuses /);
    expect(await sandbox.reach("get", "http://example.org/")).toMatch(/^403 Berth refuses example\.org:80: /);
    expect(await sandbox.reach("get", `http://public.test:${port}/hello`)).toMatch(/^403 /);
    expect(await sandbox.reach("tls", `public.test:${port}`, "public.test")).toBe("403");
    expect(await sandbox.reach("get", `http://metadata.test:${port}/`)).toMatch(/^403 /);
    asked.length = 0;
    expect(await sandbox.reach("get", `http://rebinding.test:${port}/hello`)).toMatch(/^200 hello/);
    expect(asked).toEqual(["rebinding.test"]);
    expect(await sandbox.reach("get", `http://rebinding.test:${port}/hello`)).toMatch(/^403 /);

    const { egress } = await controller.service.trajectory(id);
    expect(egress.denials.map(({ destination, reason, count }) => `${reason} ${destination} ${count}`)).toEqual([
      `other_server_name mirror.test:${portOf(secure)} 1`,
      "address 169.254.169.254 1",
      `address 127.0.0.1:${port} 1`,
      `address 0x7f.1:${port} 1`,
      "not_allowed example.org:80 1",
      `private_address public.test:${port} 2`,
      `private_address metadata.test:${port} 1`,
      `private_address rebinding.test:${port} 1`,
    ]);
    expect((await controller.service.get(id)).egress).toEqual({ allowed: 5, denied: 9 });
  });

  test("there is no way around the proxy: no route, no resolver, nothing of the host", async () => {
    await using sandbox = await controllerWithEgress();
    const host = Object.values(networkInterfaces())
      .flat()
      .find((entry) => entry?.family === "IPv4" && !entry.internal)?.address;
    // The probe works where there is something to reach.
    expect(await sandbox.reach("connect", "127.0.0.1", "3128")).toBe("connected");
    for (const [address, port] of [
      [host ?? "192.0.2.1", String(sandbox.port)],
      ["8.8.8.8", "53"],
      ["1.1.1.1", "443"],
      ["169.254.169.254", "80"],
      ["::ffff:8.8.8.8", "53"],
      ["2001:4860:4860::8888", "53"],
    ])
      expect(await sandbox.reach("connect", address!, port!)).toMatch(/^(?:ENETUNREACH|EADDRNOTAVAIL|EHOSTUNREACH)$/);
    for (const port of [sandbox.port, 53, 2375, 7420])
      expect(await sandbox.reach("connect", "127.0.0.1", String(port))).toBe("ECONNREFUSED");
    expect(await sandbox.reach("resolve", "example.org")).toMatch(/^(?:EAI_AGAIN|ENOTFOUND)$/);
    expect(
      await sandbox.sh("ls /sys/class/net | tr '\\n' ' '; cut -d: -f1 /proc/net/dev | tail -n +3 | tr -d ' \\n'"),
    ).toMatch(/lo$/);
    expect((await sandbox.controller.service.get(sandbox.id)).egress).toEqual({ allowed: 0, denied: 0 });
  });

  test("the proxy goes on after a restart of the controller, and so does its count", async () => {
    await using sandbox = await controllerWithEgress();
    const { controller, id, port } = sandbox;
    expect(await sandbox.reach("get", "http://example.org/")).toMatch(/^403 /);
    await controller.restart();
    expect(await sandbox.reach("get", `http://mirror.test:${port}/hello`)).toMatch(/^200 /);
    expect(await sandbox.reach("get", "http://example.org/")).toMatch(/^403 /);
    const { egress } = await controller.service.trajectory(id);
    expect(egress).toMatchObject({ allowed: 1, denied: 2, denials: [{ destination: "example.org:80", count: 2 }] });
  });

  test("the end of the turn is the end of the proxy", async () => {
    await using sandbox = await controllerWithEgress();
    const { controller, id } = sandbox;
    await controller.service.close(id);
    expect(await codeOf(controller.service.callTool(id, "shell", shell("true")))).toBe("rollout_closed");
    expect((await controller.service.trajectory(id)).egress).toEqual({ allowed: 0, denied: 0, denials: [] });
  });

  // The image that docker's tests start from has neither.
  const withPrograms = backend === "oci" ? test : undefined;
  withPrograms?.("git and curl work through it unchanged", async () => {
    await using repository = await gitRepository([{ files: { "a.txt": "content\n" } }]);
    await using sandbox = await controllerWithEgress();
    const folder = new URL(repository.url).pathname;
    await run("git", ["update-server-info"], { cwd: folder });
    files = folder;
    const url = `http://mirror.test:${sandbox.port}`;
    expect(await sandbox.sh(`git clone --quiet ${url}/.git clone && cat clone/a.txt`)).toMatch(/content$/);
    expect(await sandbox.sh(`curl -sS ${url}/hello`)).toBe(`hello mirror.test:${sandbox.port}`);
    expect(await sandbox.sh("curl -sS -o /dev/null -w '%{http_code}' https://example.org/ 2>&1 || true")).toContain(
      "403",
    );
  });
});
