import type { z } from "zod";
import { errorTable, type ErrorCode } from "../core/errors.ts";
import { errorBody } from "../model/error.ts";

/** What any request can end in. */
const everywhere = [
  "invalid_request",
  "unauthorized",
  "request_too_large",
  "overloaded",
  "storage_failed",
  "fenced",
  "shutting_down",
  "deadline_exceeded",
  "internal",
] as const satisfies ErrorCode[];

/** Why a rollout has no sandbox, or none any more, for requests that need one. */
export const sandboxFailures = [
  "invalid_environment",
  "unknown_environment",
  "repository_unreachable",
  "commit_not_found",
  "repository_refused",
  "setup_failed",
  "image_not_found",
  "unknown_profile",
  "capability_missing",
  "provider_unavailable",
  "sandbox_create_failed",
  "profile_drift",
  "sandbox_lost",
  "sandbox_oom",
  "guest_protocol",
] as const satisfies ErrorCode[];

/** What a tool reports to the model: in the body of a 200, never as a status. */
export const shownToTheModel: readonly ErrorCode[] = [
  "outside_workspace",
  "file_not_found",
  "not_a_file",
  "not_a_directory",
  "file_exists",
  "file_too_large",
  "not_text",
  "edit_not_found",
  "edit_not_unique",
  "invalid_patch",
  "invalid_pattern",
  "permission_denied",
  "no_space",
  "interpreter_missing",
  "browser_missing",
  "browser_not_started",
  "browser_closed",
  "element_not_found",
  "page_not_loaded",
  "page_timeout",
  "page_refused",
  "screenshot_too_large",
  "tool_server_failed",
];

export interface JsonResponse<Schema extends z.ZodType> {
  description: string;
  content: { "application/json": { schema: Schema } };
}

/** A JSON answer for a route's OpenAPI description. */
export const json = <Schema extends z.ZodType>(description: string, schema: Schema): JsonResponse<Schema> => ({
  description,
  content: { "application/json": { schema } },
});

/** The error answers of a route for its OpenAPI description: one a status, naming the codes; `default` for any other. */
export function errorResponses(...codes: readonly ErrorCode[]): Record<string, JsonResponse<typeof errorBody>> {
  const byStatus = new Map<string, ErrorCode[]>();
  for (const code of new Set<ErrorCode>([...everywhere, ...codes])) {
    const status = String(errorTable[code].status);
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const entries = [...byStatus]
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(
      ([status, named]) =>
        [status, json(named.map((code) => `\`${code}\`: ${errorTable[code].remedy}`).join("\n\n"), errorBody)] as const,
    );
  return { ...Object.fromEntries(entries), default: json("Any other failure.", errorBody) };
}
