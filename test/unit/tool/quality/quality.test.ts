import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { formatCode } from "../../../../src/tool/quality/format.ts";
import { runLint } from "../../../../src/tool/quality/run-lint.ts";
import { runTests } from "../../../../src/tool/quality/run-tests.ts";
import { callTool } from "../../../support/tool-call.ts";
import { captured, execResult, TreeGuest } from "../../../support/tree-guest.ts";

function guestThatRuns(): TreeGuest {
  const guest = new TreeGuest();
  guest.onExec = (request) => {
    const [program = "", ...args] = request.argv;
    const { status, stdout } = spawnSync(program, args, { encoding: "utf8", env: { ...request.env }, input: "" });
    return execResult(request, { outcome: { type: "exited", code: status ?? 255 }, stdout: captured(stdout) });
  };
  return guest;
}

test("the environment's command runs, and its end is told", async () => {
  const { output, data } = await callTool(runTests, guestThatRuns(), {}, { commands: { test: "echo all well" } });
  expect(output).toBe("all well\n");
  expect(data).toMatchObject({ command: "echo all well", passed: true });
  const failed = await callTool(runLint, guestThatRuns(), {}, { commands: { lint: "echo line 3; exit 2" } });
  expect(failed.output).toBe("line 3\n[exit code 2]\n");
  expect(failed.data).toMatchObject({ passed: false });
});

test("arguments arrive as they are, whatever is in them", async () => {
  const hostile = ["a b", "$(id)", "';id;'", "--", "-x"];
  const { output } = await callTool(
    formatCode,
    guestThatRuns(),
    { arguments: hostile },
    { commands: { format: "printf '<%s>'" } },
  );
  expect(output).toBe(hostile.map((argument) => `<${argument}>`).join(""));
});

test("a command that the environment does not declare is answered", async () => {
  expect((await callTool(runTests, guestThatRuns(), {})).output).toBe(
    "Error: This environment declares no test command. Find out how it is done here, and do it with the shell.",
  );
});
