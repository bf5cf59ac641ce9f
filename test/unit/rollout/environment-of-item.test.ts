import { describe, expect, test } from "vitest";
import { environmentOfItem, noItemRules, type ItemRules } from "../../../src/rollout/environment-of-item.ts";
import type { StoredEnvironment } from "../../../src/store/store.ts";
import { codeOf, smallEnvironment } from "../../support/memory-controller.ts";

const stored = (name: string): StoredEnvironment => ({ environment: smallEnvironment({ name }), baseDir: "/tasks" });
const store = (...names: string[]) => ({
  environment: async (name: string) => (names.includes(name) ? stored(name) : undefined),
});
const rules = (change: Partial<ItemRules>): ItemRules => ({ ...noItemRules, ...change });
const commit = "1d038f270701498433cb432f54db89f95f07a845";

const nameOf = async (item: Record<string, unknown>, ...names: string[]) =>
  (await environmentOfItem(item, { store: store(...names), rules: noItemRules })).environment.name;

describe("A row of a dataset stands for", () => {
  test("the registered environment that it names, before the one that its instance is", async () => {
    expect(await nameOf({ environment: "a", instance_id: "b" }, "a", "b")).toBe("a");
    expect(await nameOf({ environment: "elsewhere", instance_id: "b" }, "a", "b")).toBe("b");
  });

  test("an allowed image, with everything else from the template", async () => {
    const found = await environmentOfItem(
      { instance_id: "django__django-1", image_name: "swe/django:1", patch: "the solution", FAIL_TO_PASS: "[]" },
      { store: store("template"), rules: rules({ template: "template", images: ["swe/*"] }) },
    );
    expect(found).toMatchObject({
      environment: { name: "django__django-1", image: "swe/django:1", graders: stored("template").environment.graders },
      baseDir: "/tasks",
    });
    expect(JSON.stringify(found)).not.toContain("solution");
  });

  test("an allowed repository at its base commit", async () => {
    const { environment } = await environmentOfItem(
      { repo: "pallets/click", base_commit: commit },
      { store: store(), rules: rules({ repositories: ["https://github.com/pallets/*"] }) },
    );
    expect(environment.repo).toMatchObject({ url: "https://github.com/pallets/click.git", commit });
  });

  test.each([
    ["an image that is not allowed", { image: "evil/swe:1" }],
    ["an image that only contains an allowed one", { image: "evil/swe/x" }],
    ["a repository that is not allowed", { repo: "https://evil.example/x.git", base_commit: commit }],
    ["a repository without a commit", { repo: "pallets/click" }],
    [
      "an allowed repository on the way to another",
      { repo: "https://github.com/pallets/../evil/x", base_commit: commit },
    ],
    ["the same, written otherwise", { repo: "https://github.com/pallets/%2E%2e/evil/x", base_commit: commit }],
    ["nothing", {}],
    ["names that are none", { environment: 7, instance_id: "../../etc" }],
  ])("no environment when it names %s", async (_title, item) => {
    const allowed = rules({ images: ["swe/*"], repositories: ["https://github.com/pallets/*"] });
    expect(await codeOf(environmentOfItem(item, { store: store(), rules: allowed }))).toBe("unknown_environment");
  });

  test.each([
    ["this machine's own files as an image", { image: "/" }],
    ["this machine as an image", { image: "host" }],
    ["a repository on this machine", { repo: "file:///srv/secret.git", base_commit: commit }],
    ["a path of this machine", { repo: "/srv/secret.git", base_commit: commit }],
  ])("no environment when it names %s, unless a pattern does", async (_title, item) => {
    const of = (allowed: Partial<ItemRules>) =>
      codeOf(environmentOfItem(item, { store: store(), rules: rules(allowed) }));
    expect(await of({ images: ["*"], repositories: ["*"] })).toBe("unknown_environment");
    const named = ["/*", "host", "file:///srv/*"];
    expect(await of({ images: named, repositories: named })).toBeUndefined();
  });
});
