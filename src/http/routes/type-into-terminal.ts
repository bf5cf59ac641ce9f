import { terminalInput, terminalTyped } from "../../model/terminal.ts";
import { json } from "../responses.ts";
import type { Route } from "../route.ts";
import { terminalFailures, terminalPath } from "../terminal-fields.ts";

export const typeIntoTerminal: Route = (api, { service }) => {
  api.route({
    method: "POST",
    url: "/v1/rollouts/:rollout_id/terminals/:name/input",
    config: { atHolder: true },
    schema: {
      operationId: "typeIntoTerminal",
      summary: "Type into a terminal",
      description:
        "May be sent again: what was typed before is not typed twice. Fewer bytes are accepted than were sent when the program does not read them, or has ended.",
      tags: ["terminals"],
      params: terminalPath,
      body: terminalInput,
      response: { ...terminalFailures, 200: json("How much of the writer has been typed.", terminalTyped) },
    },
    handler: async ({ params, body }) => ({
      accepted: await (await service.terminals(params.rollout_id)).input(params.name, body),
    }),
  });
};
