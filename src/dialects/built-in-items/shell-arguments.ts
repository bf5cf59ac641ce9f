/** What the shell tool takes; an item that asks for more gets as much. */
const MOST_TIMEOUT_MS = 600_000;
const LEAST_OUTPUT_BYTES = 1_024;
const MOST_OUTPUT_BYTES = 131_072;
/** A character is at most so many bytes of UTF-8. */
const BYTES_A_CHARACTER = 4;

/** Arguments of the shell tool. */
export function shellArguments(
  command: string,
  {
    timeoutMs,
    characters,
    cwd,
  }: { timeoutMs?: number | null | undefined; characters?: number | null | undefined; cwd?: string | null | undefined },
): Record<string, unknown> {
  const bytes = (characters ?? undefined) && Math.max(LEAST_OUTPUT_BYTES, (characters ?? 0) * BYTES_A_CHARACTER);
  return {
    command,
    ...(timeoutMs ? { timeout_ms: Math.min(timeoutMs, MOST_TIMEOUT_MS) } : {}),
    ...(bytes ? { max_output_bytes: Math.min(bytes, MOST_OUTPUT_BYTES) } : {}),
    ...(cwd ? { cwd } : {}),
  };
}
