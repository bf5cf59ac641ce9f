import { createMcpHandler } from "@modelcontextprotocol/server";
import { z } from "zod";
import { systemClock } from "../../core/clock.ts";
import { systemIds } from "../../core/ids.ts";
import { assertOwnOrigin } from "../../http/own-origin.ts";
import { rolloutPath } from "../../http/request-fields.ts";
import type { Route } from "../../http/route.ts";
import { nameCalls } from "./call-key.ts";
import { carried } from "./exchange.ts";
import { rolloutServer } from "./server.ts";
import { begins, cancelWhatIsNamed, SESSION_HEADER, sessionOf } from "./sessions.ts";
import { sendWeb, webRequest } from "./web.ts";

const url = "/v1/rollouts/:rollout_id/mcp";
/** Streams that wait for a change of the tools, of all clients together. */
const MOST_SUBSCRIPTIONS = 1_024;

const keyInQuery = z.looseObject({ key: z.string().max(512).optional() });
const described =
  "Streamable HTTP of the Model Context Protocol, in its versions with sessions and, from 2026-07-28, without. The tools are those of the rollout's environment. The key is the controller's, or the rollout's own, as a bearer token or as `?key=`.";

/** The tools of a rollout for clients of the Model Context Protocol. */
export const mcp: Route = (api, { service }) => {
  const parts = { service, clock: systemClock, ids: systemIds };
  const handler = createMcpHandler((context) => rolloutServer(context, parts), {
    maxSubscriptions: MOST_SUBSCRIPTIONS,
    onerror: (error) => api.log.debug({ err: error }, "an MCP request was refused or broken off"),
  });
  api.addHook("preClose", () => handler.close());

  const open = { keyInQuery: true, rolloutKey: true } as const;
  const schema = { tags: ["mcp"], params: rolloutPath, querystring: keyInQuery };
  api.route({
    method: "POST",
    url,
    config: { ...open, atHolder: true, nameCall: nameCalls },
    schema: {
      ...schema,
      operationId: "mcp",
      summary: "Speak MCP to a rollout",
      description: described,
      body: z.unknown(),
    },
    onRequest: async (request) => assertOwnOrigin(request),
    handler: async (request, reply) => {
      const { rollout_id: rolloutId } = request.params;
      await service.get(rolloutId);
      const session = sessionOf(request);
      if (session !== undefined) cancelWhatIsNamed(request.body, { rolloutId, session, service });
      const answer = await handler.fetch(webRequest(request, reply), {
        authInfo: carried({ rolloutId, session }, request.caller),
        parsedBody: request.body,
      });
      if (begins(request.body) && answer.ok) answer.headers.set(SESSION_HEADER, systemIds.uuid());
      return sendWeb(answer, reply);
    },
  });
  // There is nothing to listen to beside the answers, and a session that is only a name has no end.
  api.route({
    method: ["GET", "DELETE"],
    url,
    config: open,
    schema: { ...schema, hide: true },
    onRequest: async (request) => assertOwnOrigin(request),
    handler: async (request, reply) => sendWeb(await handler.fetch(webRequest(request, reply)), reply),
  });
};
