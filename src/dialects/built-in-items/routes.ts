import { errorResponses, json, sandboxFailures } from "../../http/responses.ts";
import { rolloutPath } from "../../http/request-fields.ts";
import type { Route } from "../../http/route.ts";
import { answerApplyPatchCall } from "./apply-patch-call.ts";
import { answerLocalShellCall } from "./local-shell-call.ts";
import { answerShellCall } from "./shell-call.ts";
import { useToolOf, type UseTool } from "./use-tool.ts";
import { builtInItem, builtInOutput, type BuiltInItem, type BuiltInOutput } from "./wire.ts";

/** The built-in tool calls of the Responses API, answered from a rollout. */
export const builtInItems: Route = (api, { service }) => {
  api.route({
    method: "POST",
    url: "/v1/rollouts/:rollout_id/items",
    config: { atHolder: true, rolloutKey: true },
    schema: {
      operationId: "answerItem",
      summary: "Answer a model's built-in tool call",
      description:
        "Takes a `shell_call`, `apply_patch_call` or `local_shell_call` as the model gave it, and gives the item that goes back to it. Each command runs at most once per `call_id`. What the model did wrong is part of the output.",
      tags: ["tools"],
      params: rolloutPath,
      body: builtInItem,
      response: {
        ...errorResponses("unknown_rollout", "rollout_closed", "call_conflict", "outcome_unknown", ...sandboxFailures),
        200: json("The item to give back.", builtInOutput),
      },
    },
    handler: ({ params, body }) => answer(body, useToolOf(params.rollout_id, service)),
  });
};

function answer(item: BuiltInItem, useTool: UseTool): Promise<BuiltInOutput> {
  switch (item.type) {
    case "shell_call":
      return answerShellCall(item, useTool);
    case "apply_patch_call":
      return answerApplyPatchCall(item, useTool);
    case "local_shell_call":
      return answerLocalShellCall(item, useTool);
  }
}
