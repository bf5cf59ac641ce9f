import { expect, test } from "vitest";
import { environment, type EnvironmentInput } from "../../../src/model/environment.ts";
import { contentKey } from "../../../src/snapshot/content-key.ts";

const image = { name: "base", digest: "sha256:1", location: "here" };
const commit = "1".repeat(40);
const base: EnvironmentInput = {
  name: "a",
  repo: { url: "https://example.org/a", commit },
  setup: ["x"],
  env: { A: "1", B: "2" },
};
const keyOf = (change: Partial<EnvironmentInput> = {}, from = image) =>
  contentKey(environment.parse({ ...base, ...change }), from);

test("a key is 64 hex digits and the same each time", () => {
  expect(keyOf()).toMatch(/^[0-9a-f]{64}$/);
  expect(keyOf()).toBe(keyOf());
});

test.for<[string, Partial<EnvironmentInput>]>([
  ["the commit", { repo: { url: "https://example.org/a", commit: "2".repeat(40) } }],
  ["the history", { repo: { url: "https://example.org/a", commit, history: "ancestors" } }],
  ["the absence of a repository", { repo: undefined }],
  ["the workspace's path", { workdir: "/repo" }],
  ["the setup", { setup: ["x", "y"] }],
  ["the borders of setup steps", { setup: ["x\nx"] }],
  ["whether setup has a network", { setup_network: false }],
  ["a variable's value", { env: { A: "1", B: "3" } }],
  ["a variable's name", { env: { A: "1", C: "2" } }],
])("%s changes the key", ([, change]) => {
  const { repo, ...without } = base;
  const changed =
    "repo" in change && change.repo === undefined ? contentKey(environment.parse(without), image) : keyOf(change);
  expect(repo).toBeDefined();
  expect(changed).not.toBe(keyOf());
});

test("the image's content changes the key; its name and place do not", () => {
  expect(keyOf({}, { ...image, digest: "sha256:2" })).not.toBe(keyOf());
  expect(keyOf({ image: "other" }, { ...image, name: "other", location: "elsewhere" })).toBe(keyOf());
});

test.for<[string, Partial<EnvironmentInput>]>([
  ["the environment's name", { name: "b" }],
  ["where the repository is", { repo: { url: "git@example.org:a.git", commit } }],
  ["the order of variables", { env: { B: "2", A: "1" } }],
  ["resources", { resources: { memory_mb: 4096 } }],
  ["budgets", { budget: { tool_calls: 1 } }],
  ["tools", { tools: ["shell"] }],
  ["graders", { graders: [{ type: "tests", command: "pytest" }] }],
  ["the time for setup", { setup_seconds: 1 }],
])("%s does not change the key", ([, change]) => {
  expect(keyOf(change)).toBe(keyOf());
});
