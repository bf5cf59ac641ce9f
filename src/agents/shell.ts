import type { Shell, ShellOutputResult } from "@openai/agents";
import { RolloutTools, type RolloutAddress } from "./rollout.ts";

interface WireOutput {
  readonly stdout: string;
  readonly stderr: string;
  readonly outcome: { readonly type: "timeout" } | { readonly type: "exit"; readonly exit_code: number };
}

/**
 * For `shellTool({ shell })`: the commands run in the rollout's sandbox, one after the other, each at most 10 minutes.
 * @example `shellTool({ shell: berthShell({ url, rolloutId, key }) })`
 */
export function berthShell(address: RolloutAddress): Shell {
  const rollout = new RolloutTools(address);
  return {
    async run({ commands, timeoutMs, maxOutputLength }) {
      const action = { commands, timeout_ms: timeoutMs, max_output_length: maxOutputLength };
      const { output } = await rollout.answer<{ output: WireOutput[] }>({ type: "shell_call", action });
      return {
        output: output.map(resultOf),
        ...(maxOutputLength === undefined ? {} : { maxOutputLength }),
      };
    },
  };
}

const resultOf = ({ stdout, stderr, outcome }: WireOutput): ShellOutputResult => ({
  stdout,
  stderr,
  outcome: outcome.type === "timeout" ? outcome : { type: "exit", exitCode: outcome.exit_code },
});
