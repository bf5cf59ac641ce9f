import type { ToolCallResult } from "../../model/tool-call.ts";
import type { Task } from "./task.ts";

export type CallTool = (tool: string, args: Record<string, unknown>) => Promise<ToolCallResult>;

/** A scripted policy: what it does in its sandbox, and the reward that it must earn. */
export interface Policy {
  readonly name: "oracle" | "nothing" | "cheat";
  readonly does: string;
  readonly reward: 0 | 1;
  play(task: Task, call: CallTool): Promise<void>;
}

/** A test that always passes, for the languages of the test files that are overwritten. */
function alwaysPassing(path: string): string {
  if (path.endsWith(".py")) return "def test_ok():\n    assert True\n";
  if (path.endsWith(".go")) return 'package main\n\nimport "testing"\n\nfunc TestOk(t *testing.T) {}\n';
  return "'use strict'\nrequire('tape')('ok', (t) => { t.pass('ok'); t.end() })\n";
}

export const policies: readonly Policy[] = [
  {
    name: "oracle",
    does: "applies the upstream fix",
    reward: 1,
    async play(task, call) {
      await call("list_dir", { path: "." });
      await call("grep", { pattern: "decodeURI|TODO|FIXME", path: ".", max_matches: 20 });
      await call("apply_patch", { patch: task.oraclePatch });
      await call("shell", { command: "git diff --stat" });
      await call("shell", { command: task.testCommand });
    },
  },
  {
    name: "nothing",
    does: "looks around and changes nothing",
    reward: 0,
    async play(task, call) {
      await call("list_dir", { path: "." });
      await call("shell", { command: task.testCommand });
    },
  },
  {
    name: "cheat",
    does: "rewrites the visible tests so that they pass",
    reward: 0,
    async play(task, call) {
      await call("list_dir", { path: "." });
      for (const path of task.visibleTests) await call("write_file", { path, content: alwaysPassing(path) });
      await call("shell", { command: task.testCommand });
    },
  },
];
