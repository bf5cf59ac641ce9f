import { z } from "zod";
import { terminalSize } from "../../model/terminal.ts";
import { json } from "../responses.ts";
import type { Route } from "../route.ts";
import { terminalFailures, terminalPath } from "../terminal-fields.ts";

export const resizeTerminal: Route = (api, { service }) => {
  api.route({
    method: "POST",
    url: "/v1/rollouts/:rollout_id/terminals/:name/resize",
    config: { atHolder: true },
    schema: {
      operationId: "resizeTerminal",
      summary: "Change a terminal's size",
      description: "The program in it is told.",
      tags: ["terminals"],
      params: terminalPath,
      body: terminalSize,
      response: { ...terminalFailures, 200: json("Done.", z.strictObject({})) },
    },
    handler: async ({ params, body }) => {
      await (await service.terminals(params.rollout_id)).resize(params.name, body);
      return {};
    },
  });
};
