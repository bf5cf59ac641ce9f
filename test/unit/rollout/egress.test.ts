import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { BerthError } from "../../../src/core/errors.ts";
import type { RolloutEvent } from "../../../src/model/trajectory.ts";
import type { Program } from "../../../src/provider/memory/shell/shell.ts";
import type { Store } from "../../../src/store/store.ts";
import { altered, codeOf, memoryController, shell, smallEnvironment } from "../../support/memory-controller.ts";

type Controller = Awaited<ReturnType<typeof memoryController>>;

let origin: Server;
beforeAll(async () => {
  origin = createServer((_request, response) => response.end("hello")).listen(0, "127.0.0.1");
  await once(origin, "listening");
});
afterAll(() => void origin.close());

/** Every name is a public address, and behind all of those is this machine. */
const network = {
  resolve: async () => ["93.184.216.34"],
  connect: async () => {
    const socket = connect((origin.address() as AddressInfo).port, "127.0.0.1");
    await once(socket, "connect");
    return socket;
  },
};
const withEgress = { profile: "egress", egress: ["example.org:80"] };

/** What a program of the only sandbox gets for a request to the proxy. */
async function ask(controller: Controller, url: string): Promise<string> {
  const [sandbox] = controller.world.sandboxes.values();
  const tool = sandbox!.connectTool();
  tool.write(`GET ${url} HTTP/1.1\r\n\r\n`);
  const chunks: Buffer[] = [];
  for await (const chunk of tool) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** `reach URL`, as curl is in a real sandbox. */
const reaching =
  (controller: () => Controller): Program =>
  async (_args) => {
    await ask(controller(), "http://evil.example/");
    return 0;
  };

test("a sandbox reaches what its environment and its profile allow, and what it may not is counted on the trajectory", async () => {
  await using controller = await memoryController({ network });
  const { service } = controller;
  const { rollout_id } = await controller.rollout(withEgress);
  expect(await ask(controller, "http://example.org/")).toMatch(/^HTTP\/1\.1 200 [^]*hello/);
  for (const url of ["http://evil.example/", "http://evil.example/again", "http://10.0.0.1/"])
    expect(await ask(controller, url)).toMatch(/^HTTP\/1\.1 403 /);
  await service.callTool(rollout_id, "shell", shell("true"));
  const { egress, records } = await service.trajectory(rollout_id);
  expect(records).toHaveLength(1);
  expect(egress).toMatchObject({
    allowed: 1,
    denied: 3,
    denials: [
      { destination: "evil.example:80", reason: "not_allowed", count: 2 },
      { destination: "10.0.0.1", reason: "address", count: 1 },
    ],
  });
  expect((await service.get(rollout_id)).egress).toEqual({ allowed: 1, denied: 3 });
});

test("what is refused during a call is durable before its answer", async () => {
  const box: { controller?: Controller } = {};
  await using controller = await memoryController({
    network,
    programs: { reach: reaching(() => box.controller!) },
  });
  box.controller = controller;
  const { rollout_id } = await controller.rollout(withEgress);
  await controller.service.callTool(rollout_id, "shell", shell("reach"));
  expect((await controller.store.egress(rollout_id)).denied).toBe(1);
});

test("what nobody waits for is written soon, many attempts at once", async () => {
  let writes = 0;
  await using controller = await memoryController({
    network,
    store: (store) =>
      altered<Store>(store, () => ({ saveEgress: (...given) => (writes++, store.saveEgress(...given)) })),
  });
  const { rollout_id } = await controller.rollout(withEgress);
  await Promise.all(Array.from({ length: 12 }, () => ask(controller, "http://evil.example/")));
  await vi.waitFor(async () => expect((await controller.store.egress(rollout_id)).denied).toBe(12), { timeout: 5_000 });
  expect(writes).toBe(1);
});

test("listeners hear of the first attempt with a destination", async () => {
  await using controller = await memoryController({ network });
  const { rollout_id } = await controller.rollout(withEgress);
  const leaving = new AbortController();
  const events: RolloutEvent[] = [];
  const listening = (async () => {
    for await (const event of controller.service.events(rollout_id, leaving.signal)) events.push(event);
  })();
  await vi.waitFor(() => expect(events).toHaveLength(1));
  for (let n = 0; n < 3; n++) await ask(controller, "http://evil.example/");
  await vi.waitFor(() =>
    expect(events.slice(1)).toMatchObject([
      { type: "egress_denied", destination: "evil.example:80", reason: "not_allowed" },
    ]),
  );
  leaving.abort();
  await listening;
});

test("commands learn where the proxy is under this profile alone, and the environment's own values win", async () => {
  await using controller = await memoryController({ network });
  const { service } = controller;
  const say = shell("echo $http_proxy $HTTPS_PROXY $no_proxy");
  const plain = await controller.rollout();
  expect((await service.callTool(plain.rollout_id, "shell", say)).output.trim()).toBe("");
  const egress = await controller.rollout({ ...withEgress, env: { no_proxy: "mine" } });
  expect((await service.callTool(egress.rollout_id, "shell", say)).output.trim()).toBe(
    "http://127.0.0.1:3128 http://127.0.0.1:3128 mine",
  );
});

test("a restart opens the proxy again and counts on", async () => {
  await using controller = await memoryController({ network });
  const { rollout_id } = await controller.rollout(withEgress);
  await ask(controller, "http://evil.example/");
  await controller.restart();
  expect(await ask(controller, "http://evil.example/")).toMatch(/^HTTP\/1\.1 403 /);
  await controller.service.callTool(rollout_id, "shell", shell("true"));
  expect(await controller.store.egress(rollout_id)).toMatchObject({ denied: 2, denials: [{ count: 2 }] });
});

test("the end of the turn ends what is open, and grading sandboxes have no proxy", async () => {
  const reached: boolean[] = [];
  await using controller = await memoryController({
    network,
    grader: {
      type: "tests",
      grade: async (_spec, { openSandbox }) => {
        await using clean = await openSandbox();
        const { stdout } = await clean.guest.exec({
          callId: "c",
          argv: ["/bin/sh", "-c", "echo $http_proxy"],
          env: clean.env,
          timeoutMs: 5_000,
          headBytes: 1_000,
          tailBytes: 0,
        });
        const [sandbox] = controller.world.sandboxes.values();
        reached.push(stdout.head.trim() !== "" || !sandbox!.connectTool().destroyed);
        return { name: "tests", type: "tests", reward: 1, summary: "", evidence: {}, flags: [] };
      },
    },
  });
  const { rollout_id } = await controller.rollout(withEgress);
  const [sandbox] = controller.world.sandboxes.values();
  const open = sandbox!.connectTool().resume();
  expect(await controller.service.grade(rollout_id, {})).toMatchObject({ reward: 1 });
  await vi.waitFor(() => expect(open.destroyed).toBe(true));
  expect(reached).toEqual([false]);
});

test("names to reach are refused where no proxy would carry them, and a sandbox without its port is no sandbox", async () => {
  await using controller = await memoryController({ network });
  const { service } = controller;
  for (const profile of ["standard", "strict"])
    expect(await codeOf(service.create({ environment: smallEnvironment({ profile, egress: ["example.org"] }) }))).toBe(
      "invalid_environment",
    );
  await using failing = await memoryController({
    network,
    store: (store) =>
      altered<Store>(store, () => ({
        egress: () => Promise.reject(new BerthError("storage_failed", "The disk is gone.")),
      })),
  });
  expect(await failing.rollout(withEgress)).toMatchObject({ status: "failed", error: { code: "storage_failed" } });
});
