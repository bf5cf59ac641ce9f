import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { customTool } from "../../../../src/model/custom-tool.ts";
import { builtinTools } from "../../../../src/tool/builtin-tools.ts";
import { commandTool } from "../../../../src/tool/custom/command-tool.ts";
import { toMcp } from "../../../../src/tool/formats.ts";
import { createToolRegistry } from "../../../../src/tool/registry.ts";
import { toolsOf } from "../../../../src/tool/tools-of.ts";
import { callTool } from "../../../support/tool-call.ts";
import { captured, execResult, TreeGuest } from "../../../support/tree-guest.ts";

function guestThatRuns(): TreeGuest {
  const guest = new TreeGuest();
  guest.onExec = (request) => {
    const [program = "", ...args] = request.argv;
    const input = request.stdin ?? "";
    const { status, stdout } = spawnSync(program, args, { encoding: "utf8", env: { ...request.env }, input });
    return execResult(request, { outcome: { type: "exited", code: status ?? 255 }, stdout: captured(stdout) });
  };
  return guest;
}

const parameters = {
  type: "object",
  properties: {
    query: { type: "string" },
    paths: { type: "array", items: { type: "string" } },
    limit: { type: "integer" },
  },
  required: ["query"],
  additionalProperties: false,
};
const spec = (change: object = {}) =>
  customTool.parse({
    name: "find_docs",
    description: "Finds pages.",
    parameters,
    command: "printf '<%s>' {{query}} {{paths}} -n {{limit}}",
    ...change,
  });

test("arguments take their places, an array as several words and a missing one as none", async () => {
  const tool = commandTool(spec());
  const said = async (args: Record<string, unknown>) => (await callTool(tool, guestThatRuns(), args)).output;
  expect(await said({ query: "a b", paths: ["x", "y z"], limit: 3 })).toBe("<a b><x><y z><-n><3>");
  expect(await said({ query: "" })).toBe("<><-n>");
});

test("nothing in an argument is ever read as a part of the command", async () => {
  const tool = commandTool(spec({ command: "printf '%s' {{query}}" }));
  const guest = guestThatRuns();
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: fc.constantFrom(...Array.from("'\"\\$`;&|<>(){}*?!~# \n\tab-")) }),
      async (query) => {
        const { output } = await callTool(tool, guest, { query });
        expect(output).toBe(query === "" ? "[no output, exit code 0]\n" : query);
      },
    ),
    { numRuns: 60 },
  );
});

test("the command may find its arguments on its standard input", async () => {
  const tool = commandTool(spec({ command: "cat", stdin: "json" }));
  expect(JSON.parse((await callTool(tool, guestThatRuns(), { query: "q", limit: 2 })).output)).toEqual({
    query: "q",
    limit: 2,
  });
});

test("arguments are held against the declared schema, which models get as it was written", async () => {
  const tool = commandTool(spec());
  await expect(callTool(tool, guestThatRuns(), { query: 1 })).rejects.toThrow("`query` must be a string");
  await expect(callTool(tool, guestThatRuns(), { query: "q", more: 1 })).rejects.toThrow("there is no argument `more`");
  expect(toMcp(tool).inputSchema).toEqual(parameters);
});

test.each([
  [{ command: "echo {{nothing}}" }, "command: parameters has no property nothing"],
  [{ command: 'echo "{{query}}"' }, "{{query}} stands within double quotes"],
  [{ command: "echo 'it is {{query}}'" }, "{{query}} stands within single quotes"],
])("a template that cannot be right is refused: %o", (change, said) => {
  expect(() => commandTool(spec(change))).toThrow(said);
});

test("an environment offers its own tools beside those that it names", () => {
  const registry = createToolRegistry(builtinTools);
  const names = (environment: Omit<Parameters<typeof toolsOf>[0], "tool_servers">) =>
    toolsOf({ tool_servers: [], ...environment }, registry).map(({ name }) => name);
  expect(names({ tools: ["grep"], custom_tools: [spec()] })).toEqual(["grep", "find_docs"]);
  expect(names({ tools: ["grep", "find_docs"], custom_tools: [spec()] })).toEqual(["grep", "find_docs"]);
  expect(names({ tools: undefined, custom_tools: [spec()] })).toHaveLength(builtinTools.length + 1);
  expect(() => names({ tools: undefined, custom_tools: [spec({ name: "grep" })] })).toThrow(
    "a tool named grep already",
  );
  expect(() => names({ tools: undefined, custom_tools: [spec(), spec()] })).toThrow("a tool named find_docs already");
});
