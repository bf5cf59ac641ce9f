import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import type { RolloutService, Whereabouts } from "../../../src/rollout/rollout-service.ts";
import { authorization, httpApp } from "../../support/http-app.ts";
import { aResult, rolloutId } from "../../support/scripted-service.ts";

const call = `/v1/rollouts/${rolloutId}/tools/echo`;

interface Asked {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: ReturnType<typeof JSON.parse>;
}

/** Another controller, which answers each request as the script says. */
async function other(...script: { status: number; body: unknown }[]) {
  const asked: Asked[] = [];
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const text = Buffer.concat(chunks).toString();
      asked.push({
        path: request.url ?? "",
        headers: request.headers,
        body: text === "" ? undefined : JSON.parse(text),
      });
      const { status, body } = script.shift() ?? { status: 500, body: {} };
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = async () => {
    server.closeAllConnections();
    server.close();
  };
  return { url, asked, [Symbol.asyncDispose]: close };
}

const refusal = (code: string) => ({ status: 503, body: { error: { code, message: "" } } });

/** The API of a controller that finds rollouts where the script says, the last place again and again. */
function controller(places: Whereabouts[], service: Partial<RolloutService> = {}) {
  const locate = () => (places.length > 1 ? places.shift()! : places[0]!);
  return httpApp({
    config: { store_url: "postgres://x/y" },
    service: { locate, callTool: async () => aResult({ output: "here" }), ...service },
  });
}

test("a request about a rollout that another holds is sent on with its key and its body, and its answer comes back as it is", async () => {
  await using holder = await other({ status: 409, body: { error: { code: "call_conflict" } } });
  await using http = controller([{ controller: "other", url: holder.url }]);
  const reply = await http.send("POST", call, { call_id: "c1", arguments: { text: "hi" } });
  expect(reply).toMatchObject({ status: 409, body: { error: { code: "call_conflict" } } });
  expect(holder.asked).toMatchObject([
    {
      path: call,
      headers: { authorization, "berth-forwarded": "1" },
      body: { call_id: "c1", arguments: { text: "hi" } },
    },
  ]);
});

test("a call without an id gets one before it leaves, and keeps it wherever it is asked for again", async () => {
  await using holder = await other(refusal("shutting_down"), refusal("fenced"));
  const told: unknown[] = [];
  const at = { controller: "other", url: holder.url };
  await using http = controller([at, at, "here"], {
    callTool: async (_id, _tool, request) => {
      told.push(request.call_id);
      return aResult();
    },
  });
  expect((await http.send("POST", call, { arguments: { text: "hi" } })).status).toBe(200);
  const ids = [...holder.asked.map(({ body }) => body.call_id as unknown), ...told];
  expect(ids).toHaveLength(3);
  expect(new Set(ids).size).toBe(1);
  expect(ids[0]).toMatch(/^call_[0-9a-f]{24}$/);
});

test("a holder that cannot be reached is waited for until another has the rollout", async () => {
  await using gone = await other();
  await gone[Symbol.asyncDispose]();
  const lost = { controller: "dead", url: gone.url };
  await using http = controller([lost, { controller: "dead", url: null }, "here"]);
  expect((await http.send("POST", call, { arguments: { text: "hi" } })).body.output).toBe("here");
});

test("another 503 of the holder is its answer", async () => {
  await using holder = await other(refusal("sandbox_lost"));
  await using http = controller([{ controller: "other", url: holder.url }]);
  const reply = await http.send("POST", call, { arguments: { text: "hi" } });
  expect(reply).toMatchObject({ status: 503, body: { error: { code: "sandbox_lost" } } });
});

test("what was sent on already is not sent on again", async () => {
  await using holder = await other();
  await using http = controller([{ controller: "other", url: holder.url }]);
  const reply = await http.app.inject({
    method: "POST",
    url: call,
    headers: { authorization, "berth-forwarded": "1" },
    payload: { arguments: { text: "hi" } },
  });
  expect(reply.json()).toMatchObject({ error: { code: "fenced", retryable: true } });
  expect(reply.headers["retry-after"]).toBe("1");
  expect(holder.asked).toEqual([]);
});

test("nobody gets in without a key, and what is malformed is refused where it came in", async () => {
  await using holder = await other();
  await using http = controller([{ controller: "other", url: holder.url }]);
  const bare = await http.app.inject({ method: "POST", url: call, payload: { arguments: {} } });
  expect(bare.statusCode).toBe(401);
  expect((await http.send("POST", call, { arguments: 3 })).status).toBe(400);
  expect(holder.asked).toEqual([]);
});

test("a client that goes away takes its request along", async () => {
  const closed = Promise.withResolvers<void>();
  const silent = createServer((request) => void request.once("close", () => closed.resolve()));
  silent.listen(0, "127.0.0.1");
  await once(silent, "listening");
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  await using http = controller([{ controller: "other", url }]);
  await http.app.listen({ port: 0, host: "127.0.0.1" });
  const { port } = http.app.server.address() as AddressInfo;
  const leaving = new AbortController();
  const asked = fetch(`http://127.0.0.1:${port}${call}`, {
    method: "POST",
    headers: { authorization, "content-type": "application/json" },
    body: JSON.stringify({ arguments: { text: "hi" } }),
    signal: leaving.signal,
  }).catch(() => undefined);
  await once(silent, "request");
  leaving.abort();
  expect(await asked).toBeUndefined();
  await closed.promise;
  silent.closeAllConnections();
  silent.close();
});
