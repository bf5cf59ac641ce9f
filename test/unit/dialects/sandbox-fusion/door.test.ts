import { describe, expect, test } from "vitest";
import { apiKey } from "../../../support/http-app.ts";
import type { Program } from "../../../../src/provider/memory/shell/shell.ts";
import { altered, smallEnvironment } from "../../../support/memory-controller.ts";
import { servedRollouts } from "../../../support/served-rollouts.ts";

type Served = Awaited<ReturnType<typeof servedRollouts>>;

const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;

async function ask(
  berth: Served,
  path: string,
  body: object,
  { authorization = basic("berth", apiKey), signal = AbortSignal.timeout(20_000) } = {},
) {
  const reply = await fetch(`${berth.url}/v1/sandbox-fusion/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...(authorization === "" ? {} : { authorization }) },
    body: JSON.stringify(body),
    signal,
  });
  return { status: reply.status, body: (await reply.json()) as ReturnType<typeof JSON.parse> };
}

/** A controller that knows one environment by its name. */
async function door(
  options: Parameters<typeof servedRollouts>[0] = {},
  change: Parameters<typeof smallEnvironment>[0] = {},
) {
  const berth = await servedRollouts(options);
  const environment = smallEnvironment(change);
  await berth.controller.service.registerEnvironment(environment, null);
  return { berth, name: environment.name, [Symbol.asyncDispose]: () => berth[Symbol.asyncDispose]() };
}

const program = { code: "echo hello", language: "bash" };
const statuses = async ({ controller }: Served) =>
  (await controller.service.list({ limit: 10 })).map(({ status }) => status);

describe("the key", () => {
  test("is asked for: as the password of Basic, whatever the user, or as a bearer token", async () => {
    await using fusion = await door();
    const asked = async (authorization: string) =>
      (await ask(fusion.berth, `${fusion.name}/run_code`, { ...program, language: "klingon" }, { authorization }))
        .status;
    const open = [basic("berth", apiKey), basic("", apiKey), `Bearer ${apiKey}`];
    const closed = ["", basic("berth", "wrong"), basic(apiKey, ""), "Basic !", "Bearer wrong", basic("berth", "")];
    expect(await Promise.all(open.map(asked))).toEqual([400, 400, 400]);
    expect(await Promise.all(closed.map(asked))).toEqual(closed.map(() => 401));
  });

  test("is no password on other routes", async () => {
    await using berth = await servedRollouts();
    const reply = await fetch(`${berth.url}/v1/rollouts`, { headers: { authorization: basic("berth", apiKey) } });
    expect(reply.status).toBe(401);
  });

  test("of a rollout opens nothing here", async () => {
    await using fusion = await door();
    const { key } = await fusion.berth.rollout();
    const { status } = await ask(fusion.berth, `${fusion.name}/run_code`, program, {
      authorization: basic("berth", key),
    });
    expect(status).toBe(401);
  });
});

describe("what keeps code from being judged", () => {
  test("is a SandboxError with its cause, and its rollout is closed", async () => {
    await using fusion = await door({
      store: (store) =>
        altered(store, () => ({
          finishCall: async () => {
            throw new Error("The disk is gone.");
          },
        })),
    });
    const { status, body } = await ask(fusion.berth, `${fusion.name}/run_code`, program);
    expect([status, body.status, body.run_result, body.files]).toEqual([200, "SandboxError", null, {}]);
    expect(body.message).toMatch(/^internal \(infra\): /);
    expect(await statuses(fusion.berth)).toEqual(["closed"]);
  });

  test("is one for cells as well, in their own form", async () => {
    await using fusion = await door({}, { tools: ["read_file"] });
    const { status, body } = await ask(fusion.berth, `${fusion.name}/run_jupyter`, { cells: ["1"] });
    expect([status, body]).toEqual([
      200,
      {
        status: "SandboxError",
        message: expect.stringMatching(/^unknown_tool .*run_cell/),
        driver: null,
        cells: [],
        executor_pod_name: expect.any(String),
        files: {},
      },
    ]);
    expect(await statuses(fusion.berth)).toEqual(["closed"]);
  });

  test("is refused with a status where the request is wrong, and makes no rollout", async () => {
    await using fusion = await door();
    const wrong = [
      ["unknown/run_code", program, 404],
      [`${fusion.name}/run_code`, { ...program, language: "lean" }, 400],
      [`${fusion.name}/run_code`, { ...program, files: { a: "not base64!" } }, 400],
      [`${fusion.name}/run_jupyter`, { cells: ["1"], kernel: "ir" }, 400],
    ] as const;
    for (const [path, body, status] of wrong) expect((await ask(fusion.berth, path, body)).status).toBe(status);
    expect(await statuses(fusion.berth)).toEqual([]);
  });
});

test("a client that goes away leaves no rollout behind", async () => {
  const perl: Program = async ({ call }) => {
    await call.sleep(60_000);
    return 0;
  };
  await using fusion = await door({ programs: { perl } });
  const gone = new AbortController();
  const asked = ask(
    fusion.berth,
    `${fusion.name}/run_code`,
    { code: "sleep", language: "perl", run_timeout: 60 },
    {
      signal: gone.signal,
    },
  );
  await expect.poll(() => statuses(fusion.berth), { timeout: 8_000 }).toEqual(["active"]);
  gone.abort();
  await expect(asked).rejects.toThrow(/abort/i);
  await expect.poll(() => statuses(fusion.berth), { timeout: 8_000 }).toEqual(["closed"]);
});

test("the record has the code, and of files their length alone", async () => {
  await using fusion = await door();
  const files = { "in/a": Buffer.from("content").toString("base64"), b: null };
  const { body } = await ask(fusion.berth, `${fusion.name}/run_code`, { ...program, files });
  const { records } = await fusion.berth.controller.service.trajectory(String(body.executor_pod_name));
  expect(records.map(({ tool, arguments: args }) => [tool, args])).toEqual([
    [
      "sandbox_fusion_run_code",
      expect.objectContaining({ code: "echo hello", language: "bash", files: { "in/a": 12, b: 0 } }),
    ],
  ]);
});
