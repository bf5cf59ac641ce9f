import { once } from "node:events";
import { connect } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import { connectGuest } from "../../../src/guest/connect-guest.ts";
import { bootId, execBody, guestThat, type Asked } from "../../support/scripted-guest.ts";
import type { Arena } from "../arena.ts";
import { reachedIf, type Attack } from "../attack.ts";

const callId = "call-of-the-attack";
const deadlineMs = 500;

/** Asks a guest that was captured to run a command, by the controller's client or by one that believes what it hears. */
async function ask(arena: Arena, script: (asked: Asked) => void): Promise<unknown> {
  const guest = guestThat(script);
  arena.defer(() => guest[Symbol.dispose]());
  if (!arena.has("reply_validation")) return believe(await guest.open());
  const client = await connectGuest({ open: guest.open });
  arena.defer(() => client.close());
  return client.exec(
    { callId, argv: ["true"], env: {}, timeoutMs: deadlineMs, headBytes: 1024, tailBytes: 1024 },
    { timeoutMs: deadlineMs },
  );
}

async function believe(stream: Awaited<ReturnType<ReturnType<typeof guestThat>["open"]>>): Promise<unknown> {
  const session = connect("http://guest", { createConnection: () => stream });
  session.on("error", () => {});
  const asked = session.request({ ":method": "POST", ":path": "/v1/exec", "berth-call-id": callId });
  asked.end();
  let text = "";
  asked.setEncoding("utf8").on("data", (piece: string) => (text += piece));
  await once(asked, "end");
  return JSON.parse(text);
}

/** Whether the text was believed. */
async function believed(arena: Arena, text: string, script: (asked: Asked) => void) {
  const told = await ask(arena, script).then(
    (result) => JSON.stringify(result),
    (thrown: unknown) => String(thrown),
  );
  return reachedIf(told.includes(text), told);
}

const said = (head: string) => ({ head, tail: "", total_bytes: head.length, truncated: false, spooled_bytes: 0 });

/** Results that no honest guest gives. */
const malformed: readonly unknown[] = [
  [],
  execBody(callId, { outcome: { type: "exited", code: "0" } }),
  execBody(callId, { outcome: { type: "passed" } }),
  execBody(callId, { outcome: { type: "lost" } }),
  execBody(callId, { outcome: null }),
  execBody(callId, { stdout: null }),
  execBody(callId, { stdout: { ...said("x"), total_bytes: -1 } }),
  execBody(callId, { stdout: { ...said("x"), total_bytes: 1e300 } }),
  execBody(callId, { stdout: { ...said("x"), head: ["x"] } }),
  execBody(callId, { stdout: said("x".repeat(8192)) }),
  execBody(callId, { duration_ms: "soon" }),
  execBody(callId, { survivors_killed: 0.5 }),
];

/** Replies of a guest that a policy has taken over. */
export const capturedGuest: readonly Attack[] = [
  {
    id: "captured-guest/another-boot",
    title: "A guest answers that is not the one whom the controller met",
    defences: ["reply_validation"],
    attempt: (arena) => {
      const flag = arena.flag();
      const other = bootId.replaceAll("0", "f");
      return believed(arena, flag, (asked) =>
        asked.reply(execBody(callId, { boot_id: other, stdout: said(flag) }), { "berth-boot-id": other }),
      );
    },
  },
  {
    id: "captured-guest/another-call",
    title: "A guest gives the result of one call as the answer to another",
    defences: ["reply_validation"],
    attempt: (arena) => {
      const flag = arena.flag();
      return believed(arena, flag, (asked) =>
        asked.reply(execBody("another", { stdout: said(flag) }), { "berth-call-id": "another" }),
      );
    },
  },
  {
    id: "captured-guest/malformed",
    title: "A guest gives results whose fields are of other kinds, negative, enormous or missing",
    defences: ["reply_validation"],
    attempt: async (arena) => {
      const believedOnes: string[] = [];
      for (const body of malformed) {
        await ask(arena, (asked) => asked.reply(body)).then(
          () => believedOnes.push(JSON.stringify(body).slice(0, 100)),
          () => undefined,
        );
      }
      return reachedIf(believedOnes.length > 0, `${believedOnes.length} believed: ${believedOnes[0] ?? ""}`);
    },
  },
  {
    id: "captured-guest/oversized",
    title: "A guest gives an answer of 64 MiB",
    defences: ["reply_validation"],
    attempt: async (arena) => {
      let taken = 0;
      const piece = Buffer.alloc(256 * 1024, 0x20);
      const size = 64 * 1024 * 1024;
      const answer = ask(arena, ({ stream }) => {
        stream.respond({ ":status": 200, "berth-boot-id": bootId, "berth-call-id": callId });
        const more = () => {
          for (;;) {
            if (taken >= size) return void stream.end("{}");
            taken += piece.length;
            if (!stream.write(piece)) return void stream.once("drain", more);
          }
        };
        more();
      });
      await answer.catch(() => undefined);
      return reachedIf(taken > 8 * 1024 * 1024, `${Math.round(taken / 1024 / 1024)} MiB taken`);
    },
  },
  {
    id: "captured-guest/endless",
    title: "A guest's answer goes on for ever, a byte at a time",
    defences: ["reply_validation"],
    attempt: async (arena) => {
      const answer = ask(arena, ({ stream }) => {
        stream.respond({ ":status": 200, "berth-boot-id": bootId, "berth-call-id": callId });
        const drip = setInterval(() => (stream.destroyed ? clearInterval(drip) : stream.write(" ")), 20);
        arena.defer(() => clearInterval(drip));
      });
      const ended = await Promise.race([
        answer.then(
          () => true,
          () => true,
        ),
        sleep(6 * deadlineMs, false),
      ]);
      return reachedIf(!ended, ended ? "given up at the deadline" : "still waiting");
    },
  },
];
