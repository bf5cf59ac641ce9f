import type { ToolCallResult } from "../../model/tool-call.ts";
import { alwaysPassing } from "./always-passing.ts";
import type { Task } from "./task.ts";

export type CallTool = (tool: string, args: Record<string, unknown>) => Promise<ToolCallResult>;

/** A scripted policy: what it does in its sandbox, and the reward that it must earn. */
export interface Policy {
  readonly name: "oracle" | "nothing" | "cheat";
  readonly does: string;
  readonly reward: 0 | 1;
  play(task: Task, call: CallTool): Promise<void>;
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
      for (const path of task.visibleTests) {
        const { output } = await call("read_file", { path, line_numbers: false });
        const content = alwaysPassing({ path, source: output, command: task.testCommand });
        await call("write_file", { path, content });
      }
      await call("shell", { command: task.testCommand });
    },
  },
];
