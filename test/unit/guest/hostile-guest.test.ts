import { Duplex, PassThrough, duplexPair } from "node:stream";
import { afterEach, describe, expect, test } from "vitest";
import { BerthError, type ErrorCode } from "../../../src/core/errors.ts";
import { connectGuest } from "../../../src/guest/connect-guest.ts";
import type { ExecRequest, Guest } from "../../../src/guest/guest.ts";
import { bootId, execBody, guestThat, handshakeBody, ScriptedGuest, type Asked } from "../../support/scripted-guest.ts";

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function clientOf(guest: ScriptedGuest): Promise<Guest> {
  const client = await connectGuest({ open: guest.open, connectTimeoutMs: 500 });
  open.push(client, { close: () => guest[Symbol.dispose]() });
  return client;
}

async function codeOf(work: Promise<unknown>, withinMs = 1_500): Promise<ErrorCode> {
  const startedAt = performance.now();
  const thrown = await work.then(
    () => expect.fail("it was accepted"),
    (reason: unknown) => reason,
  );
  expect(performance.now() - startedAt).toBeLessThan(withinMs);
  expect(thrown).toBeInstanceOf(BerthError);
  return (thrown as BerthError).code;
}

const request: ExecRequest = {
  callId: "call-1",
  argv: ["true"],
  env: {},
  timeoutMs: 1_000,
  headBytes: 100,
  tailBytes: 100,
};
const soon = { timeoutMs: 200 };

function endless(asked: Asked): void {
  asked.stream.respond({
    ":status": 200,
    "berth-boot-id": bootId,
    "berth-call-id": String(asked.headers["berth-call-id"]),
  });
  const pour = () => {
    while (!asked.stream.destroyed && asked.stream.write(Buffer.alloc(65_536, "x")));
    asked.stream.once("drain", pour);
  };
  pour();
}

describe("A guest that lies at the handshake is refused", () => {
  const refused = async (body: unknown, headers: Record<string, string | number> = {}) => {
    using guest = new ScriptedGuest((asked) => asked.reply(body, headers));
    const code = await codeOf(connectGuest({ open: guest.open, connectTimeoutMs: 500 }));
    expect(guest.streams.every((stream) => stream.destroyed)).toBe(true);
    return code;
  };

  test("when it speaks another protocol", async () => {
    expect(await refused({ ...handshakeBody, protocol: 2 })).toBe("guest_protocol");
  });
  test("when its answer is not JSON", async () => {
    expect(await refused("{")).toBe("guest_protocol");
  });
  test("when its answer is not UTF-8", async () => {
    expect(await refused(Buffer.from([0x22, 0xff, 0x22]))).toBe("guest_protocol");
  });
  test("when its answer is too long", async () => {
    expect(await refused({ ...handshakeBody, version: "v".repeat(20_000) })).toBe("guest_protocol");
  });
  test("when its header names another boot than its body", async () => {
    expect(await refused(handshakeBody, { "berth-boot-id": "ff".repeat(16) })).toBe("guest_protocol");
  });
  test("when it echoes a foreign call id", async () => {
    expect(await refused(handshakeBody, { "berth-call-id": "other" })).toBe("guest_protocol");
  });
  test("when it sends no boot id", async () => {
    expect(await refused(handshakeBody, { "berth-boot-id": "" })).toBe("guest_protocol");
  });
});

describe("A peer that is no guest is refused", () => {
  test("when it says nothing at all", async () => {
    const [near] = duplexPair();
    expect(await codeOf(connectGuest({ open: async () => near, connectTimeoutMs: 200 }))).toBe("deadline_exceeded");
    expect(near.destroyed).toBe(true);
  });

  test("when it speaks something else", async () => {
    const [near, far] = duplexPair();
    far.on("error", () => {});
    far.end("SSH-2.0-OpenSSH_9.6\r\n".repeat(50));
    expect(await codeOf(connectGuest({ open: async () => near, connectTimeoutMs: 500 }))).toBe("sandbox_lost");
    expect(near.destroyed).toBe(true);
  });

  test("when the stream cannot be opened", async () => {
    const unreachable = async () => {
      throw new Error("connect ECONNREFUSED");
    };
    expect(await codeOf(connectGuest({ open: unreachable }))).toBe("sandbox_lost");
  });

  test("when the stream opens too late, and that stream is destroyed", async () => {
    const late: Duplex = new PassThrough();
    const opened = new Promise<Duplex>((resolve) => setTimeout(() => resolve(late), 100));
    expect(await codeOf(connectGuest({ open: () => opened, connectTimeoutMs: 20 }))).toBe("deadline_exceeded");
    await expect.poll(() => late.destroyed).toBe(true);
  });
});

describe("A guest that lies later is refused", () => {
  test("when its reply never ends, as soon as it is longer than allowed", async () => {
    const guest = await clientOf(guestThat(endless));
    expect(await codeOf(guest.exec(request))).toBe("guest_protocol");
    expect(await codeOf(guest.read("a", { limit: 1_000 }))).toBe("guest_protocol");
    expect(await codeOf(guest.health())).toBe("guest_protocol");
    expect(await codeOf(guest.probe({ maskedPaths: [], readOnlyPaths: [] }))).toBe("guest_protocol");
    expect(await codeOf(guest.tree({ exclude: [], maxEntries: 10, maxFileBytes: 10 }))).toBe("guest_protocol");
  });

  test("when an error reply never ends", async () => {
    const guest = await clientOf(guestThat((asked) => asked.reply(Buffer.alloc(1_000_000, "x"), { ":status": 404 })));
    expect(await codeOf(guest.read("a"))).toBe("guest_protocol");
  });

  test("when another boot answers, and for good", async () => {
    const guest = await clientOf(guestThat((asked) => asked.reply({}, { "berth-boot-id": "ff".repeat(16) })));
    expect(await codeOf(guest.health())).toBe("sandbox_lost");
    expect(await codeOf(guest.exec(request))).toBe("sandbox_lost");
  });

  test("when its reply belongs to another call, in the header or in the body", async () => {
    const other = await clientOf(guestThat((asked) => asked.reply(execBody("call-1"), { "berth-call-id": "call-2" })));
    expect(await codeOf(other.exec(request))).toBe("guest_protocol");
    const body = await clientOf(guestThat((asked) => asked.reply(execBody("call-2"))));
    expect(await codeOf(body.exec(request))).toBe("guest_protocol");
  });

  test.each([
    ["an outcome that only the controller may give", { outcome: { type: "lost" } }],
    ["an exit code beyond 255", { outcome: { type: "exited", code: 256 } }],
    ["a negative size", { stdout: { head: "", tail: "", total_bytes: -1, truncated: false } }],
    [
      "more output than was asked for",
      { stdout: { head: "x".repeat(601), tail: "", total_bytes: 601, truncated: false } },
    ],
    ["no stderr", { stderr: undefined }],
    ["another boot in its body", { boot_id: "ff".repeat(16) }],
  ])("when its result has %s", async (_, change) => {
    const guest = await clientOf(guestThat((asked) => asked.reply(execBody("call-1", change))));
    expect(await codeOf(guest.exec(request))).toBe("guest_protocol");
  });

  test("when it says nothing: a read has missed its deadline, a change has an unknown outcome", async () => {
    const guest = await clientOf(guestThat(() => {}));
    expect(await codeOf(guest.health(soon))).toBe("deadline_exceeded");
    expect(await codeOf(guest.stat("a", soon))).toBe("deadline_exceeded");
    expect(await codeOf(guest.write("a", Buffer.from("x"), {}, soon))).toBe("outcome_unknown");
    expect(await codeOf(guest.exec(request, soon))).toBe("outcome_unknown");
  });

  test("when it sends its head and then nothing", async () => {
    const guest = await clientOf(
      guestThat(({ stream, headers }) =>
        stream.respond({ ":status": 200, "berth-boot-id": bootId, "berth-call-id": String(headers["berth-call-id"]) }),
      ),
    );
    expect(await codeOf(guest.read("a", {}, soon))).toBe("deadline_exceeded");
  });

  test("when a listing has no end, goes on after it, or leaves the workspace", async () => {
    const file = { type: "file", path: "a", mode: 420, size: 0, sha256: "0".repeat(64) };
    const listing = async (...lines: unknown[]) => {
      const guest = await clientOf(
        guestThat((asked) => asked.reply(lines.map((line) => `${JSON.stringify(line)}\n`).join(""))),
      );
      return await guest.tree({ exclude: [], maxEntries: 2, maxFileBytes: 10 });
    };
    expect(await listing(file, { type: "end", count: 1 })).toEqual([file]);
    expect(await codeOf(listing(file))).toBe("guest_protocol");
    expect(await codeOf(listing(file, { type: "end", count: 2 }))).toBe("guest_protocol");
    expect(await codeOf(listing({ type: "end", count: 0 }, file))).toBe("guest_protocol");
    expect(await codeOf(listing({ ...file, path: "../a" }))).toBe("guest_protocol");
    expect(await codeOf(listing({ ...file, path: "/etc/passwd" }))).toBe("guest_protocol");
    expect(await codeOf(listing(file, file, file))).toBe("change_set_too_large");
    expect(await codeOf(listing({ type: "error", code: "too_large", message: "" }))).toBe("change_set_too_large");
  });

  test("when it finds or lists more than was asked for", async () => {
    const entry = { path: "a", type: "file", size: 1 };
    const guest = await clientOf(
      guestThat((asked) => asked.reply({ entries: [entry, entry], truncated: false, paths: ["a", "b"] })),
    );
    expect(await codeOf(guest.list("", { depth: 1, limit: 1 }))).toBe("guest_protocol");
    expect(await codeOf(guest.glob({ pattern: "*", limit: 1 }))).toBe("guest_protocol");
  });
});

describe("The guest's own errors become ours", () => {
  test.each([
    ["outside_root", "outside_workspace"],
    ["not_found", "file_not_found"],
    ["not_regular_file", "not_a_file"],
    ["not_directory", "not_a_directory"],
    ["already_exists", "file_exists"],
    ["too_large", "file_too_large"],
    ["not_text", "not_text"],
    ["no_space", "no_space"],
    ["permission_denied", "permission_denied"],
    ["wrong_boot", "sandbox_lost"],
    ["duplicate_call", "outcome_unknown"],
    ["invalid_argument", "invalid_arguments"],
    ["busy", "overloaded"],
    ["internal", "guest_protocol"],
    ["of_its_own_making", "guest_protocol"],
  ])("%s is %s", async (theirs, ours) => {
    const guest = await clientOf(
      guestThat((asked) => asked.reply({ error: { code: theirs, message: "no" } }, { ":status": 400 })),
    );
    expect(await codeOf(guest.lines("a", { start: 1, count: 1, maxBytes: 10 }))).toBe(ours);
  });

  test("invalid_argument of a search is an invalid pattern", async () => {
    const guest = await clientOf(
      guestThat((asked) =>
        asked.reply({ error: { code: "invalid_argument", message: "missing )" } }, { ":status": 400 }),
      ),
    );
    expect(await codeOf(guest.grep({ pattern: "(", maxMatches: 1, maxBytes: 10, timeoutMs: 100 }))).toBe(
      "invalid_pattern",
    );
  });
});
