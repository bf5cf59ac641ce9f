import { get as httpGet, type IncomingMessage } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { describe, expect, test, vi } from "vitest";
import { BerthError } from "../../../src/core/errors.ts";
import type { RolloutEvent } from "../../../src/model/trajectory.ts";
import { authorization, httpApp } from "../../support/http-app.ts";
import { aRollout, rolloutId } from "../../support/scripted-service.ts";

const at = "2026-01-02T03:04:05.678Z";
const active: RolloutEvent = { type: "status", at, status: "active" };
const scored: RolloutEvent = { type: "verdict", at, status: "scored", reward: 1 };
const url = `/v1/rollouts/${rolloutId}/events`;
const get = async () => aRollout();

async function* ended(): AsyncGenerator<RolloutEvent> {
  yield active;
  yield scored;
}

/** Gives one event and then nothing until the signal aborts; says when it was left. */
function silent() {
  const left = vi.fn<() => void>();
  const events = async function* (_id: string, signal: AbortSignal): AsyncGenerator<RolloutEvent> {
    try {
      yield active;
      await once(signal, "abort");
    } finally {
      left();
    }
  };
  return { events, left };
}

async function connect(http: ReturnType<typeof httpApp>): Promise<IncomingMessage> {
  await http.app.listen({ port: 0, host: "127.0.0.1" });
  const { port } = http.app.server.address() as AddressInfo;
  const [response] = (await once(
    httpGet({ port, host: "127.0.0.1", path: url, headers: { authorization } }),
    "response",
  )) as [IncomingMessage];
  response.setEncoding("utf8");
  return response;
}

describe("GET /v1/rollouts/{id}/events", () => {
  test("streams each event under its type and says when the rollout has ended", async () => {
    await using http = httpApp({ service: { get, events: ended } });
    const reply = await http.app.inject({ url, headers: { authorization } });
    expect(reply.headers).toMatchObject({
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
    });
    expect(reply.body).toBe(
      `: open\n\nevent: status\ndata: ${JSON.stringify(active)}\n\nevent: verdict\ndata: ${JSON.stringify(scored)}\n\nevent: end\ndata: {}\n\n`,
    );
  });

  test("refuses an unknown rollout before it streams", async () => {
    const unknown = async () => {
      throw new BerthError("unknown_rollout", "There is no such rollout.");
    };
    await using http = httpApp({ service: { get: unknown } });
    expect(await http.send("GET", url)).toMatchObject({ status: 404, body: { error: { code: "unknown_rollout" } } });
  });

  test("tells of a failure in the stream and says nothing of its inside", async () => {
    const events = async function* (): AsyncGenerator<RolloutEvent> {
      yield active;
      throw new Error("password=hunter2");
    };
    await using http = httpApp({ service: { get, events } });
    const { body } = await http.app.inject({ url, headers: { authorization } });
    expect(body).toContain('event: error\ndata: {"code":"internal"');
    expect(body).not.toMatch(/hunter2|event: end/);
  });

  test("sends a comment while nothing happens", async () => {
    const { events } = silent();
    await using http = httpApp({ service: { get, events }, eventHeartbeatMs: 5 });
    const response = await connect(http);
    let text = "";
    for await (const chunk of response) {
      text += chunk;
      if (text.split(": still here\n\n").length > 3) break;
    }
    expect(text).toContain("event: status");
  });

  test("lets go of the rollout's events when the client vanishes", async () => {
    const { events, left } = silent();
    await using http = httpApp({ service: { get, events } });
    const response = await connect(http);
    await once(response, "data");
    expect(left).not.toHaveBeenCalled();
    response.destroy();
    await vi.waitFor(() => expect(left).toHaveBeenCalledOnce());
  });

  test("ends when the controller closes", async () => {
    const { events, left } = silent();
    const http = httpApp({ service: { get, events } });
    const response = await connect(http);
    await once(response, "data");
    const over = once(response, "close");
    response.resume();
    await http.app.close();
    await over;
    expect(left).toHaveBeenCalledOnce();
  });
});
