import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { errorTable, type ErrorCode } from "../../src/core/errors.ts";
import { errorBody } from "../../src/model/error.ts";
import { whyUnavailable } from "../support/backend-availability.ts";
import { ControllerProcess, dataDirectory, type Method, type SendOptions } from "../support/controller-process.ts";
import { gitRepository, type GitRepository } from "../support/git-repository.ts";
import { removeSnapshotImages, ResidueCheck } from "../support/residue.ts";

const unknownId = "11111111-2222-4333-8444-555555555555";
const maxBody = 200_000;

describe.each(["oci", "docker"] as const)("%s", (backend) => {
  let unavailable: string | undefined;
  let place: Awaited<ReturnType<typeof dataDirectory>>;
  let controller: ControllerProcess;
  let repository: GitRepository;
  let residue: ResidueCheck;
  const run = randomUUID();
  const image = backend === "oci" ? "host" : "base";

  beforeAll(async () => {
    unavailable = await whyUnavailable(backend);
    if (unavailable !== undefined) return;
    place = await dataDirectory();
    residue = await ResidueCheck.of(place.path);
    repository = await gitRepository([{ files: { "README.md": "one\n" } }]);
    const flags = ["--max-body-bytes", String(maxBody)];
    controller = await ControllerProcess.start({ backend, dataDir: place.path, flags });
  });

  beforeEach(({ skip }) => skip(unavailable !== undefined, unavailable));

  afterEach(async () => {
    if (unavailable === undefined) await residue.expectNothing();
  });

  afterAll(async () => {
    if (unavailable !== undefined) return;
    await controller[Symbol.asyncDispose]();
    if (backend === "docker") await removeSnapshotImages(place.path);
    await repository[Symbol.asyncDispose]();
    await place[Symbol.asyncDispose]();
  });

  const environment = (fields: Record<string, unknown> = {}) => ({
    name: "bad-input",
    image,
    // Snapshots of this run alone, which may be removed at its end.
    env: { RUN: run },
    ...fields,
  });

  /** A rollout with a sandbox, which is gone at the end of the test. */
  async function activeRollout(fields: Record<string, unknown> = {}) {
    const { status, body } = await controller.send("POST", "/v1/rollouts?wait_seconds=60", {
      environment: environment(fields),
    });
    expect({ status, rollout: body.status, error: body.error }).toEqual({
      status: 201,
      rollout: "active",
      error: null,
    });
    const path = `/v1/rollouts/${body.rollout_id}`;
    const remove = async () => {
      expect((await controller.send("DELETE", path)).status).toBe(200);
    };
    return {
      path,
      tool: (name: string, call: unknown) => controller.send("POST", `${path}/tools/${name}`, call),
      [Symbol.asyncDispose]: remove,
    };
  }

  async function expectRefusal(
    expected: { code: ErrorCode; message: RegExp },
    method: Method,
    path: string,
    body?: unknown,
    options?: SendOptions,
  ) {
    const reply = await controller.send(method, path, body, options);
    const { error, request_id } = errorBody.parse(reply.body);
    const { status, causedBy, retryable } = errorTable[expected.code];
    expect({ status: reply.status, ...error }).toMatchObject({
      status,
      code: expected.code,
      cause: causedBy,
      retryable,
      message: expect.stringMatching(expected.message),
      remedy: expect.stringMatching(/^[A-Z`].*\.$/s),
    });
    expect(request_id).toBe(reply.headers.get("x-request-id"));
  }

  // Refused before any provider is asked: once is enough.
  describe.each(backend === "oci" ? ["a request is refused"] : [])("%s", () => {
    const unknownRollout = { code: "unknown_rollout", message: new RegExp(unknownId) } as const;
    const malformedId = { code: "invalid_request", message: /rollout_id: must be a UUID/ } as const;

    test.each([
      ["GET", ""],
      ["GET", "/trajectory"],
      ["GET", "/events"],
      ["POST", "/tools/shell"],
      ["POST", "/grade"],
      ["DELETE", ""],
    ] as const)("that is for an unknown or a malformed rollout: %s {rollout}%s", async (method, rest) => {
      const body = method === "POST" ? {} : undefined;
      await expectRefusal(unknownRollout, method, `/v1/rollouts/${unknownId}${rest}`, body);
      await expectRefusal(malformedId, method, `/v1/rollouts/trace_42${rest}`, body);
    });

    test("that carries no key, a wrong one, or none for a path that does not exist", async () => {
      const refused = (message: RegExp) => ({ code: "unauthorized", message }) as const;
      await expectRefusal(refused(/no key/), "GET", "/v1/rollouts", undefined, { key: null });
      await expectRefusal(refused(/not one of/), "GET", "/v1/rollouts", undefined, { key: "another-key" });
      await expectRefusal(refused(/not one of/), "DELETE", `/v1/rollouts/${unknownId}`, undefined, {
        key: "another-key",
      });
      await expectRefusal(refused(/no key/), "GET", "/v1/nothing", undefined, { key: null });
    });

    test("whose body is no JSON, too large, of another type, or of another shape", async () => {
      const raw = (text: string, type = "application/json"): SendOptions => ({ raw: { text, type } });
      const invalid = (message: RegExp) => ({ code: "invalid_request", message }) as const;
      const path = "/v1/rollouts";
      await expectRefusal(invalid(/not valid JSON/), "POST", path, undefined, raw("{nope"));
      await expectRefusal(invalid(/must be JSON/), "POST", path, undefined, raw("a=1", "text/plain"));
      await expectRefusal(invalid(/expected object, received array/), "POST", path, []);
      await expectRefusal(invalid(/either environment or item must be given/), "POST", path, {});
      await expectRefusal(invalid(/environment: must be text or an object/), "POST", path, { environment: 7 });
      await expectRefusal(invalid(/labelz/), "POST", path, { environment: "a", labelz: {} });
      const tooLarge = { code: "request_too_large", message: new RegExp(`larger than ${maxBody} bytes`) } as const;
      await expectRefusal(tooLarge, "POST", path, { environment: "a".repeat(maxBody) });
    });

    test("whose method, path or query does not exist", async () => {
      const missing = (message: RegExp) => ({ code: "not_found", message }) as const;
      await expectRefusal(missing(/no GET \/v1\/nothing/), "GET", "/v1/nothing");
      await expectRefusal(missing(/no PUT \/v1\/rollouts/), "PUT", "/v1/rollouts", {});
      await expectRefusal(missing(/no POST .*\/tools/), "POST", `/v1/rollouts/${unknownId}/tools`, {});
      const query = { code: "invalid_request", message: /limt/ } as const;
      await expectRefusal(query, "GET", "/v1/rollouts?limt=3");
    });

    test("whose environment is unknown or malformed", async () => {
      const expected = { code: "unknown_environment", message: /no environment no-such/ } as const;
      await expectRefusal(expected, "POST", "/v1/rollouts", { environment: "no-such" });
    });

    test.each([
      ["a field", { imagee: "host" }, "invalid_environment", /environment: .*imagee/],
      [
        "a field further inside",
        { budget: { tool_callz: 3 } },
        "invalid_environment",
        /environment\.budget: .*tool_callz/,
      ],
      ["a tool", { tools: ["shel"] }, "invalid_environment", /tools: there is no shel; there are: shell,/],
      ["a profile", { profile: "standart" }, "unknown_profile", /no profile standart; there are: .*standard, strict/],
      [
        "a grader's command",
        { graders: [{ type: "tests", command: "make chekc" }] },
        "invalid_environment",
        /no test framework/,
      ],
      [
        "a repository's URL",
        { repo: { url: "example.com/x", commit: "a".repeat(40) } },
        "invalid_environment",
        /repo\.url/,
      ],
      [
        "a commit, which is short",
        { repo: { url: "file:///x", commit: "0123abcd" } },
        "invalid_environment",
        /commit: must be a full commit id/,
      ],
      ["the profile of setup steps", { profile: "trusted" }, "invalid_environment", /trusted is for setup steps/],
      [
        "a folder of hidden tests",
        { graders: [{ type: "tests", command: "node --test", files: "/no/such" }] },
        "invalid_environment",
        /graders\.files: the folder \/no\/such/,
      ],
      [
        "hidden tests that are relative to nothing",
        { graders: [{ type: "tests", command: "node --test", files: "hidden" }] },
        "invalid_environment",
        /relative/,
      ],
    ] as const)("whose environment has a mistake in %s", async (_, fields, code, message) => {
      await expectRefusal({ code, message }, "POST", "/v1/rollouts", { environment: environment(fields) });
      await expectRefusal({ code, message }, "POST", "/v1/environments", { environment: environment(fields) });
      expect((await controller.send("GET", "/v1/environments")).body).toEqual({ environments: [] });
    });
  });

  describe("a rollout fails, and so do its calls,", () => {
    test.each([
      ["an image that does not exist", () => ({ image: "/no/such/root" }), "image_not_found", /\/no\/such\/root/],
      [
        "an unreachable repository",
        () => ({ repo: { url: "https://127.0.0.1:1/x.git", commit: "a".repeat(40) } }),
        "repository_unreachable",
        /127\.0\.0\.1:1.*connect/i,
      ],
      [
        "a repository that does not exist",
        () => ({ repo: { url: "file:///no/such.git", commit: "a".repeat(40) } }),
        "repository_unreachable",
        /does not appear to be a git repository/,
      ],
      [
        "a commit that does not exist",
        () => ({ repo: { url: repository.url, commit: "a".repeat(40) } }),
        "commit_not_found",
        /has no commit aaaa/,
      ],
      [
        "a setup step that fails",
        () => ({ setup: ["true", "echo said so >&2; exit 3"] }),
        "setup_failed",
        /step 2 .*status 3:\nsaid so/s,
      ],
      [
        "a setup step that hangs",
        () => ({ setup: ["sleep 60 & sleep 60"], setup_seconds: 1 }),
        "setup_failed",
        /step 1 .*timed_out/s,
      ],
    ] as const)("of an environment with %s", async (_, fields, code, message) => {
      const { status, body } = await controller.send("POST", "/v1/rollouts?wait_seconds=60", {
        environment: environment(fields()),
      });
      expect(status).toBe(201);
      const { causedBy, retryable } = errorTable[code];
      expect(body).toMatchObject({
        status: "failed",
        error: {
          code,
          cause: causedBy,
          retryable,
          message: expect.stringMatching(message),
          remedy: expect.any(String),
        },
        verdict: null,
      });
      const path = `/v1/rollouts/${body.rollout_id}`;
      await expectRefusal({ code, message }, "POST", `${path}/tools/shell`, { arguments: { command: "true" } });
      // Nothing of it is removed here: a failed rollout removes itself.
      await residue.expectNothing();
      expect((await controller.send("DELETE", path)).body).toMatchObject({ status: "failed" });
    });
  });

  describe("in a rollout", () => {
    test("a call of an unknown tool, or with malformed arguments, does not run and is replayed as refused", async () => {
      await using rollout = await activeRollout({ tools: ["shell", "read_file"] });
      const tools = `${rollout.path}/tools`;
      const refused = (code: ErrorCode, message: RegExp) => ({ code, message });
      await expectRefusal(
        refused("unknown_tool", /no tool shel; there are: shell, read_file/),
        "POST",
        `${tools}/shel`,
        {},
      );
      await expectRefusal(refused("unknown_tool", /no tool grep/), "POST", `${tools}/grep`, {
        arguments: { pattern: "x" },
      });
      const malformed = [
        [{ comand: "true" }, /`command` is missing.*no argument `comand`/],
        [{ command: 7 }, /`command` must be a string/],
        ["no json", /not JSON/],
        ['["a list"]', /object/],
        [{}, /`command` is missing/],
      ] as const;
      for (const [index, [args, message]] of malformed.entries()) {
        const call = { call_id: `malformed-${index}`, arguments: args };
        for (let time = 0; time < 2; time++)
          await expectRefusal(refused("invalid_arguments", message), "POST", `${tools}/shell`, call);
      }
      await expectRefusal(refused("invalid_request", /arguments: must be/), "POST", `${tools}/shell`, { arguments: 7 });
      await expectRefusal(refused("invalid_request", /call_id/), "POST", `${tools}/shell`, { call_id: "a b" });
    });

    test("a path outside the workspace is the model's mistake, told in the result", async () => {
      await using rollout = await activeRollout();
      await rollout.tool("shell", { arguments: { command: "ln -s /etc/shadow link; ln -s .. up; mkdir in" } });
      const outside = ["../x", "/etc/shadow", "in/../../etc/shadow", "link", "up/etc/shadow"];
      for (const path of outside) {
        for (const [tool, args] of [
          ["read_file", { path }],
          ["write_file", { path, content: "x" }],
          ["edit_file", { path, old_string: "root", new_string: "x" }],
          ["list_dir", { path }],
        ] as const) {
          const { status, body } = await rollout.tool(tool, { arguments: args });
          expect({ path, tool, status, error: body.error }).toMatchObject({
            status: 200,
            error: { code: "outside_workspace", cause: "policy", remedy: expect.stringMatching(/^[A-Z].*\.$/) },
          });
          expect(body.output).toContain(body.error.message);
          expect(body.output).not.toContain("root:");
        }
      }
    });

    test("a call id stands for one call", async () => {
      await using rollout = await activeRollout();
      const call = { call_id: "once", arguments: { command: "echo first" } };
      expect((await rollout.tool("shell", call)).body).toMatchObject({ output: "first\n", replayed: false });
      const conflict = { code: "call_conflict", message: /once/ } as const;
      const tools = `${rollout.path}/tools`;
      await expectRefusal(conflict, "POST", `${tools}/shell`, { ...call, arguments: { command: "echo second" } });
      await expectRefusal(conflict, "POST", `${tools}/list_dir`, { call_id: "once", arguments: { path: "." } });
      expect((await rollout.tool("shell", call)).body).toMatchObject({ output: "first\n", replayed: true });
    });

    test("an id stands for one environment", async () => {
      const rollout_id = "99999999-2222-4333-8444-555555555555";
      const create = (fields = {}) =>
        controller.send("POST", "/v1/rollouts?wait_seconds=60", { rollout_id, environment: environment(fields) });
      expect((await create()).status).toBe(201);
      const conflict = { code: "rollout_conflict", message: new RegExp(rollout_id) } as const;
      await expectRefusal(conflict, "POST", "/v1/rollouts", {
        rollout_id,
        environment: environment({ name: "another" }),
      });
      expect((await create()).status).toBe(200);
      expect((await controller.send("DELETE", `/v1/rollouts/${rollout_id}`)).status).toBe(200);
    });

    test("grading without graders is refused and leaves the rollout as it was", async () => {
      await using rollout = await activeRollout();
      const refused = { code: "invalid_environment", message: /^graders: / } as const;
      await expectRefusal(refused, "POST", `${rollout.path}/grade`, {});
      expect((await controller.send("GET", rollout.path)).body).toMatchObject({ status: "active", verdict: null });
      expect((await rollout.tool("shell", { arguments: { command: "echo still" } })).body.output).toBe("still\n");
    });

    test("hidden files that vanish leave it unscored, never at 0", async () => {
      await using folder = await dataDirectory();
      await using rollout = await activeRollout({
        graders: [{ type: "tests", command: "node --test", files: folder.path }],
      });
      await rm(folder.path, { recursive: true });
      const { status, body } = await controller.send("POST", `${rollout.path}/grade`, {});
      expect({ status, body }).toMatchObject({
        status: 200,
        body: {
          status: "unscored",
          reward: null,
          reason: { code: "invalid_environment", cause: "task", message: expect.stringContaining(folder.path) },
        },
      });
    });

    test("what comes after its end is refused, and the budget of calls ends it for the model", async () => {
      await using rollout = await activeRollout({ budget: { tool_calls: 1 } });
      const call = { arguments: { command: "true" } };
      expect((await rollout.tool("shell", call)).status).toBe(200);
      const spent = { code: "budget_exhausted", message: /budget of 1 tool calls/ } as const;
      await expectRefusal(spent, "POST", `${rollout.path}/tools/shell`, call);
      expect((await controller.send("DELETE", rollout.path)).body).toMatchObject({ status: "closed" });
      const closed = { code: "rollout_closed", message: /closed/ } as const;
      await expectRefusal(closed, "POST", `${rollout.path}/tools/shell`, call);
    });
  });
});
