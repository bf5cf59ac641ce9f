import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { environment as environmentSchema } from "../../../src/model/environment.ts";
import { whyUnavailable } from "../../support/backend-availability.ts";
import { EmbeddingsEndpoint } from "../../support/embeddings-endpoint.ts";
import { gitRepository } from "../../support/git-repository.ts";
import { localController } from "../../support/local-controller.ts";

const files = {
  "src/session.py": "def end_session(user):\n    user.session = None\n",
  "src/price.py": "def price_of(item):\n    return item.cents\n",
  ...Object.fromEntries(Array.from({ length: 98 }, (_, at) => [`data/${at}.py`, `number_${at} = ${at}\n`])),
};

describe("search by meaning on oci", () => {
  let unavailable: string | undefined;
  let controller: Awaited<ReturnType<typeof localController>>;
  let repository: Awaited<ReturnType<typeof gitRepository>>;
  let endpoint: EmbeddingsEndpoint;
  let isDown = false;
  const rollouts: string[] = [];

  beforeAll(async () => {
    unavailable = await whyUnavailable("oci");
    if (unavailable !== undefined) return;
    endpoint = await EmbeddingsEndpoint.listen(() => (isDown ? { status: 500, body: "{}" } : "embed"));
    const embeddings = {
      embeddings_base_url: endpoint.baseUrl,
      embeddings_model: "words-1",
      embeddings_max_chunks: "99",
    };
    controller = await localController("oci", { flags: embeddings });
    repository = await gitRepository([{ files }]);
    const environment = environmentSchema.parse({
      name: "meaning",
      image: controller.image,
      repo: { url: repository.url, commit: repository.commits[0] ?? "" },
    });
    for (let at = 0; at < 2; at += 1) {
      const { rollout } = await controller.service.create({ environment });
      rollouts.push(rollout.rollout_id);
    }
    for (const id of rollouts) await controller.service.waitUntilSettled(id, 90_000);
  }, 180_000);

  afterAll(async () => {
    if (unavailable !== undefined) return;
    for (const id of rollouts) await controller.service.close(id);
    await controller[Symbol.asyncDispose]();
    await repository[Symbol.asyncDispose]();
    await endpoint[Symbol.asyncDispose]();
  });

  beforeEach(({ skip }) => skip(unavailable !== undefined, unavailable));

  const call = async (at: number, tool: string, args: Record<string, unknown>) =>
    await controller.service.callTool(rollouts[at] ?? "", tool, { call_id: `c-${randomUUID()}`, arguments: args });
  const search = (at: number, query: string) => call(at, "semantic_search", { query, max_results: 2 });

  test("two rollouts of a commit share one pass over it, also when they ask at the same time", async () => {
    const [one, two] = await Promise.all([search(0, "cents of an item"), search(1, "the price of it")]);
    expect(one?.output).toMatch(/\[some files are too large or too many/);
    expect(two?.data).toMatchObject({ ranked_by: "embeddings", results: [{ path: "src/price.py" }, {}] });
    expect(endpoint.texts.filter((text) => text.startsWith("data/7.py"))).toHaveLength(1);
    // 99 of 100 chunks, and two questions.
    expect(endpoint.texts).toHaveLength(101);
    await controller.restart();
    await search(0, "the price of it");
    expect(endpoint.texts).toHaveLength(102);
  });

  test("what one rollout wrote is found by meaning in it, and in no other", async () => {
    await call(0, "write_file", { path: "src/leave.py", content: "def end_session_of_user(user): pass\n" });
    expect((await search(0, "users logged out")).output).toContain("src/leave.py:1-1");
    expect((await search(1, "users logged out")).output).not.toContain("src/leave.py");
  });

  test("an endpoint that fails is the infrastructure's failure, and no worse answer", async () => {
    isDown = true;
    await expect(search(1, "something new")).rejects.toMatchObject({ code: "embeddings_failed", causedBy: "infra" });
    isDown = false;
    expect((await search(1, "something new")).data).toMatchObject({ ranked_by: "embeddings" });
  });
});
