import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { environment as environmentSchema, type EnvironmentInput } from "../../../src/model/environment.ts";
import { whyUnavailable } from "../../support/backend-availability.ts";
import { gitRepository } from "../../support/git-repository.ts";
import { localController } from "../../support/local-controller.ts";

const files = {
  "src/cart.py":
    "from price import price_of\n\n\ndef total_price(cart):\n    return sum(price_of(item) for item in cart)\n",
  "src/price.py": "def price_of(item):\n    return item.cents\n",
};

describe("the tools of a rollout on oci", () => {
  let unavailable: string | undefined;
  let controller: Awaited<ReturnType<typeof localController>>;
  let repository: Awaited<ReturnType<typeof gitRepository>>;
  let rollout = "";

  beforeAll(async () => {
    unavailable = await whyUnavailable("oci");
    if (unavailable !== undefined) return;
    controller = await localController("oci");
    repository = await gitRepository([{ files }]);
    const commit = repository.commits[0] ?? "";
    const input: EnvironmentInput = {
      name: "tools",
      image: controller.image,
      repo: { url: repository.url, commit },
      env: { RUN: controller.dataDir },
      commands: { test: "echo tested" },
      custom_tools: [
        {
          name: "count_lines",
          description: "Counts the lines of a file.",
          parameters: { type: "object", properties: { path: { type: "string" } }, required: ["path"] },
          effect: "read",
          command: "wc -l < {{path}}",
        },
      ],
    };
    const created = await controller.service.create({ environment: environmentSchema.parse(input) });
    rollout = created.rollout.rollout_id;
    await controller.service.waitUntilSettled(rollout, 90_000);
  }, 120_000);

  afterAll(async () => {
    if (unavailable !== undefined) return;
    await controller.service.close(rollout);
    await controller[Symbol.asyncDispose]();
    await repository[Symbol.asyncDispose]();
  });

  beforeEach(({ skip }) => skip(unavailable !== undefined, unavailable));

  const call = async (tool: string, args: Record<string, unknown> = {}): Promise<string> =>
    (await controller.service.callTool(rollout, tool, { call_id: `c-${randomUUID()}`, arguments: args })).output;

  test("files are read together, looked at, moved and deleted", async () => {
    await call("write_file", { path: "a/one.txt", content: "1\n" });
    expect(await call("move", { from: "a", to: "b" })).toBe("moved a to b\n");
    expect(await call("stat", { path: "b/one.txt" })).toBe("b/one.txt: file, 2 bytes, mode 0644\n");
    expect(await call("read_files", { paths: ["b/one.txt", "src/price.py"] })).toContain("==> src/price.py <==");
    expect(await call("delete", { path: "b" })).toMatch(/^Error: b is a directory that is not empty\./);
    expect(await call("delete", { path: "b", recursive: true })).toBe("deleted directory b\n");
  });

  test("a command in the background outlives the call that starts it, and a restart of the controller", async () => {
    await call("background_start", { name: "ticker", command: "echo begun; sleep 300" });
    await controller.restart();
    expect(await call("background_status")).toMatch(/^ticker: running for \d+ s, 6 bytes written\n$/);
    expect(await call("background_output", { name: "ticker" })).toMatch(
      /^begun\n\[bytes 0 to 6 of 6 of stdout, the end\]\n/,
    );
    expect(await call("background_stop", { name: "ticker" })).toMatch(/^ticker: ended after \d+ s \(stopped\)/);
    expect(await call("shell", { command: "pgrep sleep || echo none" })).toBe("none\n");
  });

  test("git says what changed, and commits it", async () => {
    await call("write_file", { path: "note.txt", content: "1\n" });
    expect(await call("git_status")).toMatch(/^on branch main at [0-9a-f]{12}\n\?\? note\.txt\n$/);
    expect(await call("git_commit", { message: "Add a note" })).toMatch(/^committed [0-9a-f]{40}\n/);
    expect(await call("git_log", { max_commits: 1 })).toMatch(/\tagent\tAdd a note\n$/);
    expect(await call("git_blame", { path: "note.txt" })).toContain("agent");
    expect(await call("git_diff")).toBe("[no difference]\n");
  });

  test("the environment's commands and its own tools run", async () => {
    expect(await call("run_tests")).toBe("tested\n");
    expect(await call("run_lint")).toMatch(/^Error: This environment declares no lint command\./);
    expect(await call("count_lines", { path: "src/price.py" })).toBe("2\n");
    expect(await call("count_lines", { path: "$(id)" })).toMatch(/\$\(id\): No such file/);
  });

  test("the index of the commit is searched, with what the rollout changed since", async () => {
    expect(await call("keyword_search", { query: "total price" })).toMatch(/^src\/cart\.py:1-5\n/);
    expect(await call("symbols", { name: "price_of" })).toBe("src/price.py:1\tfunction price_of\n");
    await call("write_file", { path: "src/tax.py", content: "def tax_of(item):\n    return price_of(item) / 5\n" });
    expect(await call("keyword_search", { query: "tax" })).toMatch(/^src\/tax\.py:1-2\n/);
    const uses = (await call("references", { name: "price_of" }))
      .trim()
      .split("\n")
      .map((line) => line.split("\t").slice(0, 2).join(" "));
    expect(uses.toSorted()).toEqual([
      "src/cart.py:1 use",
      "src/cart.py:5 call",
      "src/price.py:1 definition",
      "src/tax.py:2 call",
    ]);
    expect(await call("retrieve", { path: "src/tax.py", line: 2 })).toMatch(/\[lines 1 to 2 of 2 of src\/tax\.py\]\n$/);
  });
});
