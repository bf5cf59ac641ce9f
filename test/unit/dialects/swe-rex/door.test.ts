import { describe, expect, test } from "vitest";
import { apiKey } from "../../../support/http-app.ts";
import { altered } from "../../../support/memory-controller.ts";
import { servedRollouts } from "../../../support/served-rollouts.ts";

type Served = Awaited<ReturnType<typeof servedRollouts>>;

/** As the client asks: its key and the id of the request in headers of their own. */
async function ask(berth: Served, id: string, operation: string, how: { key?: string; again?: string; body?: object }) {
  const { key = apiKey, again, body = {} } = how;
  const reply = await fetch(`${berth.url}/v1/rollouts/${id}/swe-rex/${operation}`, {
    method: operation === "is_alive" ? "GET" : "POST",
    headers: {
      "x-api-key": key,
      ...(again === undefined ? {} : { "x-request-id": again }),
      ...(operation === "is_alive" ? {} : { "content-type": "application/json" }),
    },
    ...(operation === "is_alive" ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(20_000),
  });
  return { status: reply.status, body: (await reply.json()) as ReturnType<typeof JSON.parse> };
}

const write = (content: string) => ({ path: "log", content });
const read = async (berth: Served, id: string) =>
  (await ask(berth, id, "read_file", { body: { path: "log" } })).body.content as string;

describe("the key of a client", () => {
  test("comes in a header of its own: the controller's or the rollout's, and no other rollout's", async () => {
    await using berth = await servedRollouts();
    const [one, other] = [await berth.rollout(), await berth.rollout()];
    const asked = async (key: string) => (await ask(berth, one.id, "is_alive", { key })).status;
    expect([
      await asked(apiKey),
      await asked(one.key),
      await asked(other.key),
      await asked("wrong"),
      await asked(""),
    ]).toEqual([200, 200, 401, 401, 401]);
  });

  test("counts in that header on routes of this door alone", async () => {
    await using berth = await servedRollouts();
    const { id } = await berth.rollout();
    const reply = await fetch(`${berth.url}/v1/rollouts/${id}`, { headers: { "x-api-key": apiKey } });
    expect(reply.status).toBe(401);
  });
});

describe("a request that comes again under its id", () => {
  test("is answered from the record, and changes nothing", async () => {
    await using berth = await servedRollouts();
    const { id } = await berth.rollout();
    const first = await ask(berth, id, "write_file", { again: "r-1", body: write("first") });
    await ask(berth, id, "write_file", { again: "r-2", body: write("second") });
    expect(await ask(berth, id, "write_file", { again: "r-1", body: write("first") })).toEqual(first);
    expect(await read(berth, id)).toBe("second");
  });

  test("is answered so after a restart too", async () => {
    await using berth = await servedRollouts();
    const { id } = await berth.rollout();
    await ask(berth, id, "write_file", { again: "r-1", body: write("first") });
    await ask(berth, id, "write_file", { again: "r-2", body: write("second") });
    await berth.restart();
    expect((await ask(berth, id, "write_file", { again: "r-1", body: write("first") })).status).toBe(200);
    expect(await read(berth, id)).toBe("second");
  });

  test("raises again what it raised, word for word", async () => {
    await using berth = await servedRollouts();
    const { id } = await berth.rollout();
    const asked = { again: "r-1", body: { path: "log" } };
    const first = await ask(berth, id, "read_file", asked);
    await ask(berth, id, "write_file", { body: write("there now") });
    expect([first.status, first.body.swerexception.class_path]).toEqual([511, "builtins.FileNotFoundError"]);
    expect(await ask(berth, id, "read_file", asked)).toEqual(first);
  });

  test("is refused where the id could not be kept", async () => {
    await using berth = await servedRollouts();
    const { id } = await berth.rollout();
    const { status, body } = await ask(berth, id, "write_file", { again: "no id", body: write("x") });
    expect([status, body.swerexception.extra_info.berth.code]).toEqual([511, "invalid_request"]);
  });
});

describe("a failure", () => {
  test("of ours is raised with its cause", async () => {
    await using berth = await servedRollouts({
      store: (store) =>
        altered(store, () => ({
          reserveCall: async () => {
            throw new Error("The disk is gone.");
          },
        })),
    });
    const { id } = await berth.rollout();
    const { status, body } = await ask(berth, id, "write_file", { body: write("x") });
    expect([status, body.swerexception]).toEqual([
      511,
      {
        message: expect.stringMatching(/./),
        class_path: "swerex.exceptions.SwerexException",
        traceback: "",
        extra_info: { berth: expect.objectContaining({ code: "internal", cause: "infra" }) },
      },
    ]);
  });

  test("of a rollout that has ended says so, and its sandbox is not alive", async () => {
    await using berth = await servedRollouts();
    const { id } = await berth.rollout();
    await berth.controller.service.close(id);
    const { body } = await ask(berth, id, "is_alive", {});
    expect(body).toEqual({ is_alive: false, message: "The rollout is closed." });
    const refused = await ask(berth, id, "write_file", { body: write("x") });
    expect(refused.body.swerexception.extra_info.berth.code).toBe("rollout_closed");
  });

  test("of an environment that offers no shell leaves the sandbox as it was", async () => {
    await using berth = await servedRollouts();
    const { id, key } = await berth.rollout({ tools: ["read_file"] });
    const { body } = await ask(berth, id, "write_file", { key, body: write("x") });
    expect(body.swerexception.extra_info.berth.code).toBe("unknown_tool");
    expect(
      (await berth.send("POST", `/v1/rollouts/${id}/tools/read_file`, { arguments: { path: "log" } })).body,
    ).toMatchObject({ error: { code: "file_not_found" } });
  });
});

test("the record names what was asked, and holds no file that was uploaded", async () => {
  await using berth = await servedRollouts();
  const { id } = await berth.rollout();
  const form = new FormData();
  form.set("file", new Blob(["content of a file"]), "name");
  form.set("target_path", "log");
  form.set("unzip", "false");
  const reply = await fetch(`${berth.url}/v1/rollouts/${id}/swe-rex/upload`, {
    method: "POST",
    headers: { "x-api-key": apiKey },
    body: form,
  });
  expect([reply.status, await reply.json()]).toEqual([200, {}]);
  expect(await read(berth, id)).toBe("content of a file");
  const { records } = await berth.controller.service.trajectory(id);
  expect(records.map(({ tool }) => tool)).toEqual(["swe_rex_upload", "swe_rex_read_file"]);
  expect(records[0]?.arguments).toEqual({
    target_path: "log",
    unzip: false,
    bytes: 17,
    sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
});
