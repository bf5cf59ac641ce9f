import { EventEmitter } from "node:events";
import type { WebSocket } from "@fastify/websocket";
import { describe, expect, test } from "vitest";
import { BerthError } from "../../../../src/core/errors.ts";
import type { RolloutService } from "../../../../src/rollout/rollout-service.ts";
import { Sessions } from "../../../../src/dialects/openenv/sessions.ts";
import { aRollout, scriptedService } from "../../../support/scripted-service.ts";
import { VirtualClock } from "../../../support/virtual-clock.ts";

const MINUTE_MS = 60_000;

/** What a session does to its socket, and what a client does to it. */
class FakeSocket extends EventEmitter {
  readonly sent: unknown[] = [];
  closedWith: number | "terminated" | undefined;
  pings = 0;
  answersPings = true;

  send(text: string, done?: (error?: Error) => void): void {
    this.sent.push(JSON.parse(text));
    done?.();
  }

  ping(): void {
    this.pings += 1;
    if (this.answersPings) this.emit("pong");
  }

  close(code: number): void {
    this.closedWith ??= code;
    this.emit("close");
  }

  terminate(): void {
    this.closedWith ??= "terminated";
    this.emit("close");
  }

  asks(message: object): void {
    this.emit("message", Buffer.from(JSON.stringify(message)));
  }
}

function world(script: Partial<RolloutService> = {}, most?: number) {
  const clock = new VirtualClock();
  const sessions = new Sessions(most);
  const service = scriptedService(script);
  const open = () => {
    const socket = new FakeSocket();
    sessions.serve(socket as unknown as WebSocket, {
      service,
      by: "tests",
      environment: "small",
      clock,
      ids: { uuid: () => "26201611-b3fd-4158-a1e5-d90a5274c246", hex: () => "00" },
      log: { warn: () => undefined },
      onError: () => undefined,
    });
    return socket;
  };
  return { clock, sessions, service, open, pass: (ms: number) => clock.passUntil(clock.sleep(ms), ms) };
}

describe("a session", () => {
  test("ends after an hour without a message, however well its client answers pings", async () => {
    const { open, pass, clock } = world();
    const socket = open();
    await pass(59 * MINUTE_MS);
    expect([socket.closedWith, socket.pings > 100]).toEqual([undefined, true]);
    await pass(2 * MINUTE_MS);
    expect([socket.closedWith, clock.pending]).toEqual([1001, 0]);
  });

  test("is not idle while it waits for an answer", async () => {
    const { promise, resolve } = Promise.withResolvers<ReturnType<typeof aRollout>>();
    const { open, pass } = world({
      create: async () => ({ rollout: aRollout(), created: true }),
      waitUntilSettled: () => promise,
      close: async () => aRollout({ status: "closed" }),
    });
    const socket = open();
    socket.asks({ type: "reset" });
    await pass(90 * MINUTE_MS);
    expect(socket.closedWith).toBeUndefined();
    resolve(aRollout());
    await pass(59 * MINUTE_MS);
    expect([socket.closedWith, socket.sent]).toMatchObject([undefined, [{ type: "observation" }]]);
    await pass(2 * MINUTE_MS);
    expect(socket.closedWith).toBe(1001);
  });

  test("whose client has vanished is broken off", async () => {
    const { open, pass } = world();
    const socket = open();
    socket.answersPings = false;
    await pass(4 * MINUTE_MS);
    expect(socket.closedWith).toBeUndefined();
    await pass(2 * MINUTE_MS);
    expect(socket.closedWith).toBe("terminated");
  });

  test("beyond as many as may be is told so, until another ends", async () => {
    const { open, sessions } = world({}, 1);
    const first = open();
    const refused = open();
    expect(refused).toMatchObject({
      closedWith: 1013,
      sent: [{ type: "error", data: { code: "CAPACITY_REACHED", active_sessions: 1, max_sessions: 1 } }],
    });
    first.close(1000);
    await sessions.over();
    expect(open().closedWith).toBeUndefined();
  });

  test("ends a rollout that was begun while its client left", async () => {
    const begun = Promise.withResolvers<{ rollout: ReturnType<typeof aRollout>; created: boolean }>();
    let exists = false;
    const { open, sessions, service } = world({
      create: () => begun.promise,
      waitUntilSettled: async () => aRollout({ status: "preparing" }),
      close: async () => {
        if (!exists) throw new BerthError("unknown_rollout", "There is none.");
        return aRollout({ status: "closed" });
      },
    });
    const socket = open();
    socket.asks({ type: "reset" });
    await expect.poll(() => service.calls.length).toBe(1);
    socket.terminate();
    await expect.poll(() => service.calls.length).toBe(2);
    exists = true;
    begun.resolve({ rollout: aRollout(), created: true });
    await sessions.over();
    expect(service.calls.map(({ method }) => method)).toEqual(["create", "close", "waitUntilSettled", "close"]);
  });
});
