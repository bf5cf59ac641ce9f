import { ProtocolError, ProtocolErrorCode, type CallToolResult } from "@modelcontextprotocol/server";
import { toBerthError, type BerthError } from "../../core/errors.ts";
import type { ToolCallResult } from "../../model/tool-call.ts";
import { refusal } from "../../tool/run-tool.ts";

/** What a client may know of a call besides what its model reads, in `_meta` of the result. */
const CALL = "berth/call";

/** The result of a tool that ran. An exit code other than 0 is no error: the model reads it. */
export function answerOf({
  output,
  images = [],
  error,
  call_id,
  outcome,
  truncated,
  duration_ms,
  replayed,
}: ToolCallResult): CallToolResult {
  const facts = { call_id, truncated, duration_ms, replayed, ...(outcome && { outcome }), ...(error && { error }) };
  const pictures = images.map(({ data, media_type }) => ({ type: "image" as const, data, mimeType: media_type }));
  return {
    content: [{ type: "text", text: output }, ...pictures],
    isError: error !== undefined,
    _meta: { [CALL]: facts },
  };
}

/**
 * What the model did wrong is a result that it reads; whatever else went wrong is an error of the protocol, which says what and who caused it.
 * @throws ProtocolError
 */
export function answerToFailure(thrown: unknown): CallToolResult {
  const error = toBerthError(thrown);
  // That a tool does not exist is, by the protocol, no result of it.
  if (error.causedBy !== "policy" || error.code === "unknown_tool") throw asProtocolError(error);
  return {
    content: [{ type: "text", text: refusal(error).output }],
    isError: true,
    _meta: { [CALL]: { error: error.report() } },
  };
}

export function asProtocolError(error: BerthError): ProtocolError {
  return new ProtocolError(codeOf(error), `${error.message} ${error.remedy}`, error.report());
}

function codeOf({ code, causedBy }: BerthError): number {
  if (code === "unknown_tool") return ProtocolErrorCode.InvalidParams;
  return causedBy === "caller" ? ProtocolErrorCode.InvalidRequest : ProtocolErrorCode.InternalError;
}
