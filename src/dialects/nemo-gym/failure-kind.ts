import type { ErrorCode, ErrorReport } from "../../core/errors.ts";

/** The words of the interface for what they mean here. */
const kinds: Readonly<Partial<Record<ErrorCode, string>>> = {
  overloaded: "provider_quota_exhausted",
  queue_deadline: "provider_quota_exhausted",
  provider_unavailable: "provider_unavailable",
  sandbox_create_failed: "provider_unavailable",
  sandbox_lost: "provider_unavailable",
  sandbox_oom: "provider_oom_killed",
  grader_failed: "verifier_error",
  grader_timeout: "verifier_error",
  unknown_rollout: "session_lost",
  rollout_closed: "session_lost",
  shutting_down: "shutdown",
  storage_failed: "persistence_failed",
};

/** What has no word of the interface's has one of Berth's: `berth:` and the error code. */
export const failureKind = ({ code }: Pick<ErrorReport, "code">): string => kinds[code] ?? `berth:${code}`;
