import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { BerthError, toBerthError } from "../../core/errors.ts";
import type { IdSource } from "../../core/ids.ts";
import type { Metrics } from "../../http/metrics/metrics.ts";
import type { RolloutService } from "../../rollout/rollout-service.ts";
import type { DoorTool } from "../../tool/tool.ts";

export interface Parts {
  readonly service: Pick<RolloutService, "create" | "callDoorTool" | "close">;
  readonly metrics: Pick<Metrics, "errors">;
  readonly ids: IdSource;
}

const recordedAnswer = z.object({ answer: z.record(z.string(), z.unknown()) });

/** A request that no repetition makes right: it is refused with a status. */
const isRefused = ({ code, causedBy }: BerthError): boolean =>
  causedBy === "caller" && code !== "rollout_closed" && code !== "call_cancelled";

/**
 * Makes a rollout of an environment, runs one thing in it and ends it, also when the client goes away. Whatever but the code
 * keeps it from being judged is a `SandboxError`.
 * @throws BerthError `unknown_environment` and what else is wrong with the request itself
 */
export async function inOwnRollout(
  request: FastifyRequest,
  reply: FastifyReply,
  { tool, args, nothing }: { tool: DoorTool; args: Record<string, unknown>; nothing: Record<string, unknown> },
  { service, metrics, ids }: Parts,
): Promise<Record<string, unknown>> {
  const { environment } = request.params as { environment: string };
  const id = ids.uuid();
  const end = () =>
    service.close(id, request.caller).catch((thrown: unknown) => {
      request.log.warn({ err: thrown, rollout_id: id }, "a rollout of SandboxFusion is left to the reaper");
    });
  const gone = () => void end();
  let made = false;
  try {
    await service.create({ rollout_id: id, environment, labels: { door: "sandbox-fusion" } }, request.caller);
    made = true;
    reply.raw.once("close", gone);
    const { data, error } = await service.callDoorTool(id, tool, { arguments: args });
    if (error) throw BerthError.of(error);
    return { executor_pod_name: id, ...recordedAnswer.parse(data).answer };
  } catch (thrown) {
    const error = toBerthError(thrown);
    if (isRefused(error)) throw error;
    request.log.warn({ code: error.code, err: error, rollout_id: id }, error.message);
    metrics.errors.inc({ code: error.code, cause: error.causedBy });
    const message = `${error.code} (${error.causedBy}): ${error.message} ${error.remedy}`.trim();
    // The code took it all.
    const status = error.code === "sandbox_oom" ? "Failed" : "SandboxError";
    return { ...nothing, status, message, executor_pod_name: made ? id : null, files: {} };
  } finally {
    reply.raw.off("close", gone);
    if (made) await end();
  }
}
