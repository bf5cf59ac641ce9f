/** What a command's output says of its reward. */
export type ToldReward = { readonly reward: number } | { readonly fault: string; readonly toldTwice?: true };

/**
 * A command for `sh` in which `reward NUMBER` prints a line that begins with a key. The shell reads the key from its standard
 * input and keeps it to itself: no process that it starts has it in its environment, its arguments or its input.
 */
export const rewardingCommand = (command: string): string => `unset berth_key
IFS= read -r berth_key
exec </dev/null
reward() { printf '\\n%s %s\\n' "$berth_key" "$(printf '%s' "$*" | tr '\\n' ' ')"; }
${command}`;

/** The number of the one line that begins with the key. Lines without it are anybody's. */
export function toldReward(output: Buffer, key: string): ToldReward {
  const lines = output
    .toString("utf8")
    .split("\n")
    .filter((line) => line.startsWith(`${key} `));
  const [line] = lines;
  if (line === undefined) return { fault: "the command told no reward" };
  if (lines.length > 1) return { fault: "the command told more than one reward", toldTwice: true };
  const reward = numberOf(line.slice(key.length + 1).trim());
  return reward === undefined ? { fault: "what the command told is no number" } : { reward };
}

function numberOf(text: string): number | undefined {
  const plain = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(text) ? Number(text) : rewardOf(text);
  return typeof plain === "number" && Number.isFinite(plain) ? plain : undefined;
}

function rewardOf(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && "reward" in value ? value.reward : undefined;
  } catch {
    return undefined;
  }
}
