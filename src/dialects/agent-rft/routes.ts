import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { systemClock } from "../../core/clock.ts";
import { BerthError, toBerthError } from "../../core/errors.ts";
import { errorResponses, json } from "../../http/responses.ts";
import type { Route } from "../../http/route.ts";
import { normaliseRolloutId } from "../../core/ids.ts";
import { isStorable } from "../../model/rollout.ts";
import { meaningOf, statusOf } from "./failure.ts";
import { fitted } from "./fit.ts";
import { grade } from "./grade.ts";
import { callTool, type DoorParts } from "./tool-call.ts";
import { functionCall, functionCallOutput, gradeCall, maxMessageBytes, score, type FunctionCall } from "./wire.ts";

/** A larger sample than this is no answer but a fault. */
const maxSampleBytes = 16_000_000;

const keyInQuery = z.looseObject({ key: z.string().max(512).optional() });
const namedPath = z.strictObject({ name: z.string().min(1).max(256) });

const described =
  "The rollout is the one that `trace_id` names: the first call of a trace begins it, from the first `item` that is not empty. The key comes as a bearer token, or as `?key=` where a trainer can send no headers.";

function refuse(request: FastifyRequest, reply: FastifyReply, error: BerthError, status: number): FastifyReply {
  request.log[error.causedBy === "caller" ? "debug" : "warn"]({ code: error.code, err: error }, error.message);
  return reply.code(status).send({ error: error.report(), request_id: request.id });
}

/** A trace that is no id is refused where it came. */
const rolloutOfBody = ({ body }: FastifyRequest): string | undefined =>
  normaliseRolloutId((body as { trace_id: string }).trace_id);

/** Whether another controller has answered: it began the rollout while this one was about to. */
const answeredByHolder = async (error: BerthError, reply: FastifyReply): Promise<boolean> =>
  error.code === "fenced" && (await reply.answeredByHolder?.()) === true;

/** The tools and the grader of a hosted trainer. */
export const agentRft: Route = (api, { service, metrics }) => {
  const partsOf = ({ caller: by }: FastifyRequest): DoorParts => ({ service, clock: systemClock, by });

  const answerCall = async (
    request: FastifyRequest,
    reply: FastifyReply,
    name: string | undefined,
    call: FunctionCall,
  ) => {
    const answer = (output: string) =>
      fitted({ type: "function_call_output", id: call.id ?? null, call_id: call.call_id ?? null, output });
    try {
      if (!name) throw new BerthError("invalid_request", "name: is missing, in the body and in the path.");
      // The model may have made it up: no record could keep it, and a failure to write it would throw the rollout away.
      if (!isStorable(name)) throw new BerthError("unknown_tool", "There is no tool of that name.");
      const { output, error } = await callTool(name, call, partsOf(request));
      return answer(error && !output ? `Error: ${error.message} ${error.remedy}` : output);
    } catch (thrown) {
      const error = toBerthError(thrown);
      if (await answeredByHolder(error, reply)) return reply;
      const meaning = meaningOf(error);
      metrics.errors.inc({ code: error.code, cause: error.causedBy });
      return "toModel" in meaning ? answer(meaning.toModel) : refuse(request, reply, error, meaning.status);
    }
  };

  const tool = {
    tags: ["agent-rft"],
    querystring: keyInQuery,
    body: functionCall,
    response: {
      ...errorResponses("unknown_environment", "invalid_environment"),
      200: json(
        "What the model is shown: the tool's output, or `Error: …` when the mistake is its own.",
        functionCallOutput,
      ),
    },
  };
  api.route({
    method: "POST",
    url: "/v1/agent-rft/tools",
    bodyLimit: maxMessageBytes,
    config: { keyInQuery: true, atHolder: rolloutOfBody },
    schema: {
      ...tool,
      operationId: "agentRftCallTool",
      summary: "Use the tool that the body names",
      description: described,
    },
    handler: (request, reply) => answerCall(request, reply, request.body.name ?? undefined, request.body),
  });
  api.route({
    method: "POST",
    url: "/v1/agent-rft/tools/:name",
    bodyLimit: maxMessageBytes,
    config: { keyInQuery: true, atHolder: rolloutOfBody },
    schema: {
      ...tool,
      params: namedPath,
      operationId: "agentRftCallNamedTool",
      summary: "Use the tool that the path names",
      description: described,
    },
    handler: (request, reply) => answerCall(request, reply, request.params.name, request.body),
  });
  api.route({
    method: "POST",
    url: "/v1/agent-rft/grade",
    bodyLimit: maxSampleBytes,
    config: { keyInQuery: true, atHolder: rolloutOfBody },
    schema: {
      tags: ["agent-rft"],
      operationId: "agentRftGrade",
      summary: "Grade the rollout of a trace",
      description: `${described} The verdict is durable before the answer leaves, and the same whenever it is asked for. What cannot be scored is answered with a 5xx, never with a score.`,
      querystring: keyInQuery,
      body: gradeCall,
      response: {
        ...errorResponses("unknown_environment", "invalid_environment", "grader_failed", "grader_timeout"),
        200: json("The reward.", score),
      },
    },
    handler: async (request, reply) => {
      try {
        const verdict = await grade(request.body, partsOf(request));
        if (verdict.status === "scored") return { score: verdict.reward };
        const { code, message, remedy } = verdict.reason;
        const unscored = new BerthError(code, message, { remedy });
        return await refuse(request, reply, unscored, Math.max(unscored.status, 500));
      } catch (thrown) {
        const error = toBerthError(thrown);
        if (await answeredByHolder(error, reply)) return reply;
        metrics.errors.inc({ code: error.code, cause: error.causedBy });
        return refuse(request, reply, error, statusOf(error));
      }
    },
  });
};
