import type { Duplex } from "node:stream";
import { afterEach, describe, expect, test } from "vitest";
import { BerthError } from "../../../src/core/errors.ts";
import { connectGuest } from "../../../src/guest/connect-guest.ts";
import type { ExecRequest, Guest } from "../../../src/guest/guest.ts";
import { bootId, execBody, guestThat, handshakeBody, ScriptedGuest } from "../../support/scripted-guest.ts";

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function clientOf(guest: ScriptedGuest, openStream: () => Promise<Duplex> = guest.open): Promise<Guest> {
  const client = await connectGuest({ open: openStream, connectTimeoutMs: 300 });
  open.push(client, { close: () => guest[Symbol.dispose]() });
  return client;
}

const code = (work: Promise<unknown>) =>
  work.then(
    () => "accepted",
    (thrown: unknown) => (thrown as BerthError).code,
  );
const request: ExecRequest = {
  callId: "call-1",
  argv: ["true"],
  env: {},
  timeoutMs: 1_000,
  headBytes: 100,
  tailBytes: 100,
};
const health = { boot_id: bootId, uptime_ms: 1, processes: 0, oom_kills: null };
const unknownCall = { error: { code: "unknown_call", message: "no such call" } };

describe("When the stream breaks", () => {
  test("one session serves many requests until then", async () => {
    const guest = guestThat((asked) => asked.reply(health));
    const client = await clientOf(guest);
    await Promise.all(Array.from({ length: 20 }, () => client.health()));
    expect(guest.streams).toHaveLength(1);
  });

  test("between requests, the next one opens it again", async () => {
    const guest = guestThat((asked) => asked.reply(health));
    const client = await clientOf(guest);
    guest.streams[0]?.destroy();
    expect(await client.health()).toMatchObject({ bootId });
    expect(guest.streams).toHaveLength(2);
  });

  test("a read is repeated once on a new stream, and twice is lost", async () => {
    let breaks = 1;
    const guest = guestThat((asked) => (breaks-- > 0 ? asked.breakStream() : asked.reply(health)));
    const client = await clientOf(guest);
    expect(await client.health()).toMatchObject({ bootId });
    breaks = 2;
    expect(await code(client.health())).toBe("sandbox_lost");
  });

  test("in the middle of a reply, half a reply is not taken for a whole one", async () => {
    let first = true;
    const guest = guestThat((asked) => {
      if (!first) return asked.reply("whole", { "berth-file-size": 5, "berth-file-mode": "644" });
      first = false;
      const { stream, breakStream, headers } = asked;
      stream.respond({
        ":status": 200,
        "berth-boot-id": bootId,
        "berth-call-id": String(headers["berth-call-id"]),
        "berth-file-size": 5,
        "berth-file-mode": "644",
      });
      stream.write("wh", () => setTimeout(breakStream, 20));
    });
    const client = await clientOf(guest);
    expect((await client.read("a")).bytes.toString()).toBe("whole");
  });

  test("a write is never sent twice: its outcome is unknown", async () => {
    const guest = guestThat((asked) => asked.breakStream());
    const client = await clientOf(guest);
    expect(await code(client.write("a", Buffer.from("x")))).toBe("outcome_unknown");
    expect(guest.asked.filter((one) => one.startsWith("PUT"))).toHaveLength(1);
  });

  test("and the guest is gone, a write ends as sandbox_lost", async () => {
    const guest = guestThat((asked) => asked.breakStream());
    let gone = false;
    const client = await clientOf(guest, async () => {
      if (gone) throw new BerthError("sandbox_lost", "The sandbox is gone.");
      gone = true;
      return await guest.open();
    });
    expect(await code(client.write("a", Buffer.from("x")))).toBe("sandbox_lost");
    expect(await code(client.exec(request))).toBe("sandbox_lost");
  });

  test("and another boot answers, everything ends as sandbox_lost", async () => {
    let boots = 0;
    const guest = new ScriptedGuest((asked) => {
      if (asked.path !== "/v1/handshake") return asked.breakStream();
      const answering = boots++ === 0 ? bootId : "ff".repeat(16);
      asked.reply({ ...handshakeBody, boot_id: answering }, { "berth-boot-id": answering });
    });
    const client = await clientOf(guest);
    expect(await code(client.exec(request))).toBe("sandbox_lost");
    expect(await code(client.health())).toBe("sandbox_lost");
    expect(boots).toBe(2);
  });
});

describe("When the stream breaks during a command", () => {
  test("the guest is asked for its result", async () => {
    let asks = 0;
    const guest = guestThat((asked) => {
      if (asked.method === "POST") return asked.breakStream();
      asked.reply(++asks < 3 ? { state: "running" } : { state: "done", result: execBody("call-1") });
    });
    const client = await clientOf(guest);
    expect(await client.exec(request)).toMatchObject({
      outcome: { type: "exited", code: 0 },
      stdout: { head: "hi\n" },
    });
    expect(guest.asked.filter((one) => one === "POST /v1/exec")).toHaveLength(1);
  });

  test("a call that ended only because nobody listened is lost, not cancelled", async () => {
    const guest = guestThat((asked) => {
      if (asked.method === "POST") return asked.breakStream();
      asked.reply({ state: "done", result: execBody("call-1", { outcome: { type: "cancelled" } }) });
    });
    const client = await clientOf(guest);
    expect(await client.exec(request)).toMatchObject({ outcome: { type: "lost" }, stdout: { head: "hi\n" } });
  });

  test("a call that never reached the guest is sent once more", async () => {
    let posts = 0;
    const guest = guestThat((asked) => {
      if (asked.method === "GET") return asked.reply(unknownCall, { ":status": 404 });
      if (++posts === 1) return asked.breakStream();
      asked.reply(execBody("call-1"));
    });
    const client = await clientOf(guest);
    expect(await client.exec(request)).toMatchObject({ outcome: { type: "exited" } });
    expect(posts).toBe(2);
  });

  test("a result that the guest no longer has is unknown", async () => {
    let posts = 0;
    const guest = guestThat((asked) => {
      if (asked.method === "GET") return asked.reply(unknownCall, { ":status": 404 });
      if (++posts === 1) return asked.breakStream();
      asked.reply({ error: { code: "duplicate_call", message: "ran before" } }, { ":status": 409 });
    });
    const client = await clientOf(guest);
    expect(await code(client.exec(request))).toBe("outcome_unknown");
  });

  test("the deadline still holds", async () => {
    const guest = guestThat((asked) =>
      asked.method === "POST" ? asked.breakStream() : asked.reply({ state: "running" }),
    );
    const client = await clientOf(guest);
    expect(await code(client.exec(request, { timeoutMs: 300 }))).toBe("outcome_unknown");
  });
});

describe("The caller's own wishes", () => {
  test("an aborted request ends with the signal's reason and resets the stream, so that the guest cancels its work", async () => {
    const reset = Promise.withResolvers<number>();
    const arrived = Promise.withResolvers<void>();
    const guest = guestThat((asked) => {
      asked.stream.once("close", () => reset.resolve(asked.stream.rstCode ?? -1));
      arrived.resolve();
    });
    const client = await clientOf(guest);
    const controller = new AbortController();
    const call = client.exec(request, { signal: controller.signal });
    await arrived.promise;
    controller.abort(new Error("the rollout was closed"));
    await expect(call).rejects.toThrow("the rollout was closed");
    expect(await reset.promise).toBe(8);
  });

  test("a closed client refuses at once and leaves no stream open", async () => {
    const guest = guestThat(() => {});
    const client = await clientOf(guest);
    const pending = code(client.stat("a"));
    await client.close();
    expect(await pending).toBe("sandbox_lost");
    expect(await code(client.health())).toBe("sandbox_lost");
    expect(guest.streams.every((stream) => stream.destroyed)).toBe(true);
  });
});
