import { expect, test } from "vitest";
import { builtinTools } from "../../../src/tool/builtin-tools.ts";
import { toMcp, toOpenAI } from "../../../src/tool/formats.ts";
import { shell } from "../../../src/tool/shell/shell.ts";

test("chat completions take the schema of what a model must send: defaults are optional, other names refused", () => {
  const { type, function: described } = toOpenAI(shell);
  expect(type).toBe("function");
  expect(described).toMatchObject({ name: "shell", description: shell.description });
  expect(described.parameters).toMatchObject({
    type: "object",
    required: ["command"],
    additionalProperties: false,
    properties: { timeout_ms: { type: "integer", minimum: 1, maximum: 600_000, default: 120_000 } },
  });
  expect(described.parameters).not.toHaveProperty("$schema");
});

test("MCP is told which tools only read", () => {
  const readOnly = builtinTools.map(toMcp).filter((tool) => tool.annotations.readOnlyHint);
  const names = readOnly.map((tool) => tool.name);
  expect(names).toEqual(expect.arrayContaining(["read_output", "grep", "read_file", "git_diff"]));
  for (const changing of ["shell", "write_file", "move", "git_commit", "run_tests"])
    expect(names).not.toContain(changing);
  expect(toMcp(shell).inputSchema).toEqual(toOpenAI(shell).function.parameters);
});

test.each(builtinTools.map((tool) => [tool.name, tool] as const))(
  "every argument of %s is described to models",
  (_name, tool) => {
    const { properties } = toMcp(tool).inputSchema as { properties: Record<string, { description?: string }> };
    for (const property of Object.values(properties)) expect(property.description?.length).toBeGreaterThan(10);
    expect(tool.description.length).toBeGreaterThan(80);
  },
);
