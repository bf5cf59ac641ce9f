import { performance } from "node:perf_hooks";
import type { RolloutEvent } from "../../model/trajectory.ts";
import type { Verdict } from "../../model/verdict.ts";
import type { BerthClient } from "../../client/berth-client.ts";
import type { Policy } from "./policies.ts";
import type { Progress } from "./progress.ts";
import type { Task } from "./task.ts";

/** What one rollout of the demo came to. Times in milliseconds. */
export interface Played {
  readonly policy: Policy;
  readonly rolloutId: string;
  readonly toolCalls: number;
  /** From the request that created the rollout to the first tool result, over HTTP. */
  readonly firstResultMs: number;
  readonly gradingMs: number;
  readonly verdict: Verdict;
}

/** One rollout by the API alone: create, call tools, grade, delete. */
export async function play(policy: Policy, task: Task, client: BerthClient, progress: Progress): Promise<Played> {
  const began = performance.now();
  const { rollout } = await client.createRollout({ environment: task.environment.name, group: "demo" });
  const id = rollout.rollout_id;
  const watching = new AbortController();
  const watched = watch(client.events(id, watching.signal), (text) => progress.rollout(policy.name, text));
  try {
    let toolCalls = 0;
    let firstResultMs = 0;
    await policy.play(task, async (tool, args) => {
      const result = await client.callTool(id, tool, { call_id: `demo-${toolCalls}`, arguments: args });
      toolCalls += 1;
      if (toolCalls === 1) firstResultMs = performance.now() - began;
      return result;
    });
    const asked = performance.now();
    const verdict = await client.grade(id);
    return { policy, rolloutId: id, toolCalls, firstResultMs, gradingMs: performance.now() - asked, verdict };
  } finally {
    await client.deleteRollout(id);
    watching.abort();
    await watched;
  }
}

async function watch(events: AsyncIterable<RolloutEvent>, say: (text: string) => void): Promise<void> {
  let calls = 0;
  let reward = "";
  try {
    for await (const event of events) {
      if (event.type === "status") say(`${reward}${event.status}`);
      else if (event.type === "progress") say(`${event.phase}: ${event.message}`);
      else if (event.type === "verdict") reward = event.reward === null ? "unscored, " : `reward ${event.reward}, `;
      else if (event.type === "tool_call" && event.state === "done") {
        calls += 1;
        say(`${calls} calls, last ${event.tool} in ${Math.round(event.duration_ms ?? 0)} ms`);
      }
    }
  } catch {
    // The stream is for show; the rollout itself says what went wrong.
  }
}
