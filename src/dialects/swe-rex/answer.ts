import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { BerthError, toBerthError } from "../../core/errors.ts";
import type { Metrics } from "../../http/metrics/metrics.ts";
import type { RolloutService } from "../../rollout/rollout-service.ts";
import type { DoorTool } from "../../tool/tool.ts";
import { raisedFor, transferOf } from "./raised.ts";
import { swerexception, type Transferred } from "./wire.ts";

/** The client reads what it is to raise from answers of this status alone. */
export const RAISES = 511;

const recordedData = z.union([
  z.object({ answer: z.record(z.string(), z.unknown()) }),
  z.object({ raised: swerexception.shape.swerexception }),
]);

export interface AnswerParts {
  readonly service: Pick<RolloutService, "callDoorTool">;
  readonly metrics: Pick<Metrics, "errors">;
}

/**
 * The key of at-most-once execution: the client repeats a request under its id. Undefined without one.
 * @throws BerthError `invalid_request` for an id that could not be passed on
 */
export function requestKey({ headers, id }: Pick<FastifyRequest, "headers" | "id">): string | undefined {
  const sent = headers["x-request-id"];
  if (sent === undefined) return undefined;
  if (sent !== id) throw new BerthError("invalid_request", "x-request-id: must be 1 to 128 of A-Z a-z 0-9 _ . : -");
  return `swe-rex:${id}`;
}

/** Uses a tool for a request: its answer, or what the client is to raise. */
export async function answered(
  request: FastifyRequest,
  reply: FastifyReply,
  { tool, args }: { tool: DoorTool; args: Record<string, unknown> },
  { service, metrics }: AnswerParts,
): Promise<Record<string, unknown>> {
  const { rollout_id: rolloutId } = request.params as { rollout_id: string };
  const raise = (raised: Transferred): Record<string, unknown> => {
    reply.code(RAISES);
    return { swerexception: raised };
  };
  try {
    const call_id = requestKey(request);
    const named = call_id === undefined ? {} : { call_id };
    const { data, error } = await service.callDoorTool(rolloutId, tool, { ...named, arguments: args });
    if (error) return raise(transferOf(raisedFor(BerthError.of(error))));
    const told = recordedData.parse(data);
    return "answer" in told ? told.answer : raise(told.raised);
  } catch (thrown) {
    const error = toBerthError(thrown);
    request.log[error.causedBy === "infra" ? "warn" : "debug"]({ code: error.code, err: error }, error.message);
    metrics.errors.inc({ code: error.code, cause: error.causedBy });
    return raise(transferOf(raisedFor(error)));
  }
}
