import type { AgentCase } from "../agent-case.ts";
import type { AgentsRollout } from "../running-berth.ts";

const client = "the Responses API's items over HTTP";

async function answer({ url, id, key }: AgentsRollout, item: object): Promise<string> {
  const reply = await fetch(`${url}/v1/rollouts/${id}/items`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify(item),
    signal: AbortSignal.timeout(60_000),
  });
  return await reply.text();
}

export const builtInItemCases: readonly AgentCase[] = [
  {
    client,
    feature: "shell_call",
    expected:
      '{"type":"shell_call_output","call_id":"c","max_output_length":4096,"output":[{"stdout":"a\\n","stderr":"","outcome":{"type":"exit","exit_code":0}},{"stdout":"","stderr":"","outcome":{"type":"timeout"}}]}',
    run: async (berth) =>
      answer(await berth.rollout(), {
        type: "shell_call",
        call_id: "c",
        action: { commands: ["echo a", "sleep 60"], timeout_ms: 500, max_output_length: 4096 },
      }),
  },
  {
    client,
    feature: "apply_patch_call",
    expected: '{"type":"apply_patch_call_output","call_id":"c","status":"completed","output":"added a.ts (1 line)\\n"}',
    run: async (berth) =>
      answer(await berth.rollout(), {
        type: "apply_patch_call",
        call_id: "c",
        operation: { type: "create_file", path: "a.ts", diff: "+x\n" },
      }),
  },
  {
    client,
    feature: "local_shell_call",
    expected: '{"type":"local_shell_call_output","call_id":"c","status":"completed","output":"it\'s $X b\\n"}',
    run: async (berth) =>
      answer(await berth.rollout(), {
        type: "local_shell_call",
        call_id: "c",
        action: { type: "exec", command: ["sh", "-c", 'echo "it\'s \\$X" $Y'], env: { Y: "b" } },
      }),
  },
];
