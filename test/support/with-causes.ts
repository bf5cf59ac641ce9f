/** What failed, and what that came of, innermost last: for reports. */
export function withCauses(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause === undefined ? String(error) : `${String(error)} (${withCauses(cause)})`;
}
