import { expect, test } from "vitest";
import { z } from "zod";
import { systemClock } from "../../../src/core/clock.ts";
import { BerthError } from "../../../src/core/errors.ts";
import { builtinTools } from "../../../src/tool/builtin-tools.ts";
import { createToolRegistry } from "../../../src/tool/registry.ts";
import { runTool } from "../../../src/tool/run-tool.ts";
import { defineTool, type ToolContext } from "../../../src/tool/tool.ts";
import { TreeGuest } from "../../support/tree-guest.ts";

const registry = createToolRegistry(builtinTools);
const context: ToolContext = {
  guest: new TreeGuest(),
  callId: "c",
  workdir: "/workspace",
  env: {},
  commands: {},
  index: async () => undefined,
  clock: systemClock,
  mostMs: 600_000,
  signal: AbortSignal.timeout(1000),
};
const toolThat = (run: () => Promise<{ output: string }>) =>
  defineTool({ name: "t", description: "d", effect: "read", arguments: z.strictObject({}), run });

test("tools are found by name, in the order in which they were given", () => {
  expect(registry.names).toEqual(builtinTools.map(({ name }) => name));
  expect(registry.get("grep").name).toBe("grep");
  expect([registry.has("grep"), registry.has("__proto__")]).toEqual([true, false]);
  expect(() => registry.get("bash")).toThrow(/^There is no tool bash; there are: shell, read_output, /);
});

test("an environment's names select, in its order; none select all", () => {
  expect(registry.select(["grep", "shell", "grep"]).map(({ name }) => name)).toEqual(["grep", "shell"]);
  expect(registry.select(undefined)).toHaveLength(builtinTools.length);
  expect(() => registry.select(["grep", "nothing"])).toThrow("tools: there is no nothing; there are: shell,");
});

test("two tools of one name are a mistake", () => {
  expect(() => createToolRegistry([...builtinTools, ...builtinTools])).toThrow("Two tools are named shell.");
});

test("an output is bounded, and truncated says so", async () => {
  const result = await runTool(
    toolThat(async () => ({ output: "x".repeat(2_000_000) })),
    context,
    {},
  );
  expect(Buffer.byteLength(result.output)).toBeLessThanOrEqual(256 * 1024);
  expect(result.truncated).toBe(true);
  expect(
    (
      await runTool(
        toolThat(async () => ({ output: "x" })),
        context,
        {},
      )
    ).truncated,
  ).toBe(false);
});

test("a failure that the policy caused becomes an answer", async () => {
  const result = await runTool(
    toolThat(() => Promise.reject(new BerthError("no_space", "The disk is full."))),
    context,
    {},
  );
  expect(result.output).toBe("Error: The disk is full. Remove files: the sandbox's disk is full.");
  expect(result.error).toMatchObject({ code: "no_space", cause: "policy" });
});

test("such an answer is bounded too", async () => {
  const result = await runTool(
    toolThat(() => Promise.reject(new BerthError("no_space", "x".repeat(2_000_000)))),
    context,
    {},
  );
  expect(Buffer.byteLength(JSON.stringify(result))).toBeLessThan(1_000_000);
});

test.each([
  new BerthError("sandbox_lost", "Gone."),
  new BerthError("deadline_exceeded", "Late."),
  new TypeError("bug"),
])("any other failure is not the model's to read: %o", async (failure) => {
  await expect(
    runTool(
      toolThat(() => Promise.reject(failure)),
      context,
      {},
    ),
  ).rejects.toBe(failure);
});
