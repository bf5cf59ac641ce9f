import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { BerthError } from "../../../../src/core/errors.ts";
import type { ExecRequest, ExecResult } from "../../../../src/guest/guest.ts";
import { shell } from "../../../../src/tool/shell/shell.ts";
import { callTool } from "../../../support/tool-call.ts";
import { captured, execResult, TreeGuest } from "../../../support/tree-guest.ts";

function guestThatEnds(change: Partial<ExecResult>): TreeGuest {
  const guest = new TreeGuest();
  guest.onExec = (request) => execResult(request, change);
  return guest;
}

/** Runs what the guest would run on this machine. */
function guestThatRuns(env: Record<string, string> = {}): TreeGuest {
  const guest = new TreeGuest();
  guest.onExec = (request) => {
    const start = ([program = "", ...args]: readonly string[]) =>
      spawnSync(program, args, { encoding: "utf8", env: { ...request.env, ...env }, input: "" });
    const first = start(request.argv);
    const ended = first.error && request.otherwise ? start(request.otherwise) : first;
    return execResult(request, {
      outcome: { type: "exited", code: ended.status ?? 255 },
      stdout: captured(ended.stdout),
      stderr: captured(ended.stderr),
    });
  };
  return guest;
}

describe("what the model reads", () => {
  test("a command that went well shows exactly its output", async () => {
    const result = await callTool(shell, guestThatEnds({ stdout: captured("one\ntwo") }), { command: "x" });
    expect(result.output).toBe("one\ntwo");
    expect(result.outcome).toEqual({ type: "exited", code: 0 });
  });

  test("a silent success is said", async () => {
    expect((await callTool(shell, guestThatEnds({}), { command: "true" })).output).toBe("[no output, exit code 0]\n");
  });

  test("standard error is marked and an exit code that is not 0 is said, as data and not as an error", async () => {
    const guest = guestThatEnds({
      outcome: { type: "exited", code: 2 },
      stdout: captured("out"),
      stderr: captured("err\n"),
    });
    const result = await callTool(shell, guest, { command: "x" });
    expect(result.output).toBe("out\n[stderr]\nerr\n[exit code 2]\n");
    expect(result.error).toBeUndefined();
  });

  test.each([
    [{ type: "signaled", signal: "SIGSEGV" } as const, "[killed by SIGSEGV]"],
    [{ type: "timed_out" } as const, "[timed out after 500 ms; the command and all that it started were killed"],
    [{ type: "oom_killed" } as const, "[out of memory: the command was killed"],
    [{ type: "cancelled" } as const, "[cancelled before it ended]"],
  ])("an end as %o is said after the partial output", async (outcome, said) => {
    const result = await callTool(shell, guestThatEnds({ outcome, stdout: captured("partial") }), {
      command: "x",
      timeout_ms: 500,
    });
    expect(result.output.startsWith(`partial\n${said}`)).toBe(true);
    expect(result.outcome).toEqual(outcome);
  });

  test("processes that were left behind are named", async () => {
    const one = await callTool(shell, guestThatEnds({ survivorsKilled: 1 }), { command: "sleep 9 &" });
    expect(one.output).toBe("[1 process that the command had left running was killed]\n");
    const two = await callTool(shell, guestThatEnds({ survivorsKilled: 2 }), { command: "sleep 9 &" });
    expect(two.output).toContain("2 processes that the command had left running were killed");
  });

  test("cut output says how much is missing and how to see it", async () => {
    const stdout = { head: "head", tail: "tail\n", total_bytes: 1000, truncated: true };
    const result = await callTool(shell, guestThatEnds({ stdout }), { command: "x" });
    expect(result.output).toContain("head\n[… 991 of 1000 bytes of stdout left out …]\ntail\n");
    expect(result.output).toContain('read_output and call_id "call_1"');
    expect(result.truncated).toBe(true);
  });

  test("a lost command is a failure of the infrastructure, not an answer", async () => {
    await expect(callTool(shell, guestThatEnds({ outcome: { type: "lost" } }), { command: "x" })).rejects.toMatchObject(
      {
        code: "sandbox_lost",
      },
    );
  });

  test("the guest's refusal of a directory is an answer", async () => {
    const guest = new TreeGuest();
    guest.onExec = () => Promise.reject(new BerthError("outside_workspace", "/etc is outside."));
    const result = await callTool(shell, guest, { command: "ls", cwd: "/etc" });
    expect(result.output).toBe("Error: /etc is outside. Use a path inside the workspace.");
    expect(result.error?.code).toBe("outside_workspace");
  });
});

test("the request carries what was asked, and the caller's environment", async () => {
  const guest = new TreeGuest();
  let request: ExecRequest | undefined;
  guest.onExec = (asked) => execResult((request = asked));
  await callTool(shell, guest, { command: "ls", cwd: "src", timeout_ms: 7, max_output_bytes: 1025 });
  expect(request).toMatchObject({ callId: "call_1", cwd: "src", timeoutMs: 7, headBytes: 513, tailBytes: 512 });
  expect(request?.env).toHaveProperty("PATH");
  expect(request?.argv.at(-1)).toBe("ls");
});

describe("the shell, on this machine", () => {
  const run = (command: string, env?: Record<string, string>) => callTool(shell, guestThatRuns(env), { command });

  test("uses bash where there is one", async () => {
    expect((await run('[[ a == a ]] && echo "${BASH_VERSION:+bash}"')).output).toBe("bash\n");
  });

  test("uses sh where there is no bash", async () => {
    expect((await run('echo "[${BASH_VERSION:-sh}]"', { PATH: "/nonexistent" })).output).toBe("[sh]\n");
  });

  test.each(["/nonexistent", undefined])(
    "runs a failing command once and gives its exit code (PATH %s)",
    async (path) => {
      const result = await run("echo once; exit 41", path ? { PATH: path } : undefined);
      expect(result.output).toBe("once\n[exit code 41]\n");
    },
  );

  test.each([
    `printf '%s|' "a b" 'c"d' '$HOME' "\\\\" 'ü'`,
    "printf '%s' '-n'",
    "cat <<'X'\n$0 \"$@\" `id`\nX",
    "echo $#",
    "set -- '*'; echo \"$1\"",
    "false",
    "exit 127",
    "kill -9 $$",
  ])("passes the command on untouched: %s", async (command) => {
    const direct = spawnSync("bash", ["-c", command], { encoding: "utf8", input: "" });
    const result = await callTool(shell, guestThatRuns(), { command });
    expect([result.stdout?.head, result.outcome]).toEqual([
      direct.stdout,
      { type: "exited", code: direct.status ?? 255 },
    ]);
  });

  test("takes a command that looks like an option for a command", async () => {
    expect((await run("-x")).outcome).toEqual({ type: "exited", code: 127 });
  });

  test("takes a command of 128 KiB", async () => {
    const text = "x".repeat(131_000);
    expect((await run(`echo ${text}`)).stdout?.total_bytes).toBe(131_001);
  });
});

test.each([
  ["", "too small"],
  ["a\0b", "NUL"],
  ["ü".repeat(65_536), "131071 bytes"],
])("refuses commands that cannot be started", (command, reason) => {
  expect(() => shell.arguments.parse({ command })).toThrow(reason === "too small" ? /./ : reason);
});
