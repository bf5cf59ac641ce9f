import { checks, type Preflight } from "./checks.ts";

export interface CheckResult {
  readonly id: string;
  readonly title: string;
  readonly ok: boolean;
  readonly seen: string;
}

/** What a trainer will do, before a job is paid for: one check after the other, all of them. Leaves no rollout open. */
export async function preflight(
  subject: Preflight,
  onResult: (result: CheckResult) => void,
): Promise<readonly CheckResult[]> {
  const results: CheckResult[] = [];
  for (const { id, title, run } of checks) {
    const result = await run(subject).then(
      (seen): CheckResult => ({ id, title, ok: true, seen }),
      (error: unknown): CheckResult => ({
        id,
        title,
        ok: false,
        seen: error instanceof Error ? error.message : String(error),
      }),
    );
    results.push(result);
    onResult(result);
  }
  await subject.trainer.endAll();
  return results;
}
