import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { gitBlame } from "../../../../src/tool/git/blame.ts";
import { gitCommit } from "../../../../src/tool/git/commit.ts";
import { gitDiff } from "../../../../src/tool/git/diff.ts";
import { gitLog } from "../../../../src/tool/git/log.ts";
import { gitStatus } from "../../../../src/tool/git/status.ts";
import { callTool } from "../../../support/tool-call.ts";
import { captured, execResult, TreeGuest } from "../../../support/tree-guest.ts";

let dir = "";
let guest: TreeGuest;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "berth-git-tools-"));
  guest = new TreeGuest();
  guest.onExec = (request) => {
    const [program = "", ...args] = request.argv;
    const env = { ...request.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" };
    const { status, stdout, stderr } = spawnSync(program, args, { cwd: dir, env, encoding: "utf8", input: "" });
    return execResult(request, {
      outcome: { type: "exited", code: status ?? 127 },
      stdout: captured(stdout ?? ""),
      stderr: captured(stderr ?? ""),
    });
  };
  execFileSync("git", ["init", "--quiet", "--initial-branch=main"], { cwd: dir });
});

afterEach(() => rmSync(dir, { recursive: true, force: true }));

const put = (name: string, text: string) => writeFileSync(join(dir, name), text);

async function committed(message: string): Promise<string> {
  const { data, output } = await callTool(gitCommit, guest, { message });
  expect(output).toMatch(/^committed [0-9a-f]{40}\n/);
  return String(data?.["commit"]);
}

test("a repository without a commit says so", async () => {
  put("a", "1\n");
  expect((await callTool(gitStatus, guest, {})).output).toBe("on branch main, no commit yet\n?? a\n");
});

test("a commit takes everything, new files too, and the log tells it", async () => {
  put("a", "1\n");
  const commit = await committed('first: $(touch b) "quoted"');
  expect((await callTool(gitStatus, guest, {})).output).toBe(
    `on branch main at ${commit.slice(0, 12)}\n[nothing differs from the last commit]\n`,
  );
  expect((await callTool(gitLog, guest, {})).output).toMatch(
    /^[0-9a-f]{7}\t\d{4}-\d\d-\d\d\tagent\tfirst: \$\(touch b\) "quoted"\n$/,
  );
});

test("a commit of given paths leaves the rest", async () => {
  put("a", "1\n");
  await committed("one");
  put("a", "2\n");
  put("b c", "3\n");
  await callTool(gitCommit, guest, { message: "two", paths: ["b c"] });
  const { output, data } = await callTool(gitStatus, guest, {});
  expect(output).toMatch(/\n M a\n$/);
  expect(data).toMatchObject({ files: 1, untracked: 0 });
});

test("nothing to commit is answered", async () => {
  put("a", "1\n");
  await committed("one");
  expect((await callTool(gitCommit, guest, { message: "two" })).output).toBe(
    "Error: Nothing differs from the last commit. Change something first; git_status shows what differs.",
  );
});

test("the difference is a unified diff, of all or of some files, or only their names", async () => {
  put("a", "1\n");
  put("b", "1\n");
  await committed("one");
  expect((await callTool(gitDiff, guest, {})).output).toBe("[no difference]\n");
  put("a", "2\n");
  put("b", "2\n");
  const { output, data } = await callTool(gitDiff, guest, { paths: ["a"] });
  expect(output).toMatch(/^diff --git a\/a b\/a\n[^]*-1\n\+2\n$/);
  expect(data).toMatchObject({ files: 1 });
  expect((await callTool(gitDiff, guest, { stat: true })).output).toContain("2 files changed");
});

test("blame says who wrote each line", async () => {
  put("a", "1\n2\n3\n");
  await committed("one");
  const { output, data } = await callTool(gitBlame, guest, { path: "a", start_line: 2, line_count: 2 });
  expect(output).toMatch(/^\^?[0-9a-f]{11,12} \(agent \d{4}-\d\d-\d\d 2\) 2\n/);
  expect(data).toMatchObject({ lines: 2 });
});

test("what git refuses is answered with its words", async () => {
  put("a", "1\n");
  await committed("one");
  const { output, error } = await callTool(gitLog, guest, { revision: "nothing" });
  expect(error?.code).toBe("invalid_arguments");
  expect(output).toMatch(/^Error: git failed: fatal: bad revision 'nothing'/);
});

test("a revision is never taken for an option", async () => {
  for (const revision of ["--output=x", "-p", "a b"]) {
    expect(await callTool(gitDiff, guest, { revision }).catch(String)).toMatch(/must be a revision/);
  }
});

test("a sandbox without git is told apart from a failure of git", async () => {
  guest.onExec = (request) => execResult(request, { outcome: { type: "exited", code: 127 } });
  expect((await callTool(gitStatus, guest, {})).output).toBe(
    "Error: The sandbox has no git. Work without git: use the other tools.",
  );
});
