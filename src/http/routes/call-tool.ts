import { toolCallRequest, toolCallResult, type ToolCallRequest } from "../../model/tool-call.ts";
import { errorResponses, json, sandboxFailures } from "../responses.ts";
import { toolPath } from "../request-fields.ts";
import type { Route } from "../route.ts";

const nameCall = (body: unknown, makeId: () => string): void => {
  (body as ToolCallRequest).call_id ??= makeId();
};

export const callTool: Route = (api, { service }) => {
  api.route({
    method: "POST",
    url: "/v1/rollouts/:rollout_id/tools/:tool",
    config: { atHolder: true, rolloutKey: true, nameCall },
    schema: {
      operationId: "callTool",
      summary: "Use a tool",
      description:
        "Waits for the sandbox, runs the tool at most once per `call_id`, and answers when the result is durable. The call goes on when the client goes away: ask again with the same `call_id`. What the model did wrong while the tool ran comes with 200 and `error`.",
      tags: ["tools"],
      params: toolPath,
      body: toolCallRequest,
      response: {
        ...errorResponses(
          "unknown_rollout",
          "unknown_tool",
          "invalid_arguments",
          "rollout_closed",
          "call_conflict",
          "call_cancelled",
          "outcome_unknown",
          "embeddings_failed",
          "budget_exhausted",
          ...sandboxFailures,
        ),
        200: json("The tool ran, or was refused for a reason that the model can act on.", toolCallResult),
      },
    },
    handler: ({ params, body }) => service.callTool(params.rollout_id, params.tool, body),
  });
};
