import { afterEach, describe, expect, test } from "vitest";
import type { BerthError, ErrorCode } from "../../../src/core/errors.ts";
import { connectGuest } from "../../../src/guest/connect-guest.ts";
import type { Sessions } from "../../../src/guest/sessions.ts";
import { guestThat, type Asked } from "../../support/scripted-guest.ts";

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function sessionsThat(script: (asked: Asked) => void): Promise<Sessions> {
  const guest = guestThat(script);
  const client = await connectGuest({ open: guest.open, connectTimeoutMs: 500 });
  open.push(client, { close: () => guest[Symbol.dispose]() });
  return client.sessions;
}

const codeOf = (work: Promise<unknown>): Promise<ErrorCode | "accepted"> =>
  work.then(
    () => "accepted" as const,
    (thrown: unknown) => (thrown as BerthError).code,
  );

const state = {
  name: "t",
  call_id: "c",
  kind: "terminal",
  state: "running",
  outcome: null,
  foreground: "sh",
  cwd: "/",
  busy: false,
  rows: 24,
  columns: 80,
  first_byte: 0,
  total_bytes: 5,
};
const page = { "berth-offset": 0, "berth-total-bytes": 5, "berth-ended": "false" };
const from = { writer: "w", offset: 10, waitMs: 0 };

describe("What a guest says of sessions is refused", () => {
  test.each([
    ["that of another session", { ...state, name: "other" }],
    ["an end without an outcome", { ...state, state: "ended" }],
    ["an outcome without an end", { ...state, outcome: { type: "exited", code: 0 } }],
    ["an outcome that is the controller's to say", { ...state, state: "ended", outcome: { type: "lost" } }],
    ["a size that no terminal has", { ...state, rows: 70_000 }],
    ["a path that is no path", { ...state, cwd: "x".repeat(5_000) }],
    ["offsets below nothing", { ...state, first_byte: -1 }],
  ])("%s", async (_, body) => {
    const sessions = await sessionsThat((asked) => asked.reply(body));
    expect(await codeOf(sessions.state("t"))).toBe("guest_protocol");
  });

  test("more sessions than a guest keeps", async () => {
    const many = Array.from({ length: 33 }, (_, number) => ({ ...state, name: `t${number}` }));
    const sessions = await sessionsThat((asked) => asked.reply({ sessions: many }));
    expect(await codeOf(sessions.list())).toBe("guest_protocol");
  });

  test("a page that is longer than was asked for, or than there is", async () => {
    const sessions = await sessionsThat((asked) => asked.reply(Buffer.from("0123456789"), page));
    expect(await codeOf(sessions.output("t", { offset: 0, limit: 5 }))).toBe("guest_protocol");
    expect(await codeOf(sessions.output("t", { offset: 0, limit: 100 }))).toBe("guest_protocol");
  });

  test("a page without its offsets", async () => {
    const sessions = await sessionsThat((asked) => asked.reply(Buffer.from("01")));
    expect(await codeOf(sessions.output("t", { offset: 0, limit: 5 }))).toBe("guest_protocol");
  });

  test("more input taken than was sent", async () => {
    const sessions = await sessionsThat((asked) => asked.reply({ accepted: 14 }));
    expect(await codeOf(sessions.input("t", Buffer.from("abc"), from))).toBe("guest_protocol");
  });
});

test("a wait ends though the guest never answers", async () => {
  const sessions = await sessionsThat(() => {});
  const wanted = { offset: 0, limit: 5, waitMs: 50 };
  expect(await codeOf(sessions.output("t", wanted, { timeoutMs: 100 }))).toBe("deadline_exceeded");
});

test("a question whose answer was lost is asked again", async () => {
  let asked = 0;
  const sessions = await sessionsThat((question) => {
    asked += 1;
    if (asked === 1) question.breakStream();
    else question.reply({ accepted: 13 });
  });
  expect(await sessions.input("t", Buffer.from("abc"), from)).toBe(13);
  expect(asked).toBe(2);
});

test.each([
  ["not_found", "unknown_session"],
  ["precondition_failed", "invalid_arguments"],
  ["fenced", "fenced"],
])("a refusal as %s is %s", async (code, meant) => {
  const sessions = await sessionsThat((asked) => asked.reply({ error: { code, message: "no" } }, { ":status": 409 }));
  expect(await codeOf(sessions.state("t"))).toBe(meant);
});
