import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { systemClock } from "../../core/clock.ts";
import { BerthError, toBerthError } from "../../core/errors.ts";
import { systemIds } from "../../core/ids.ts";
import { errorResponses, json, sandboxFailures } from "../../http/responses.ts";
import { typed, type Route } from "../../http/route.ts";
import { described } from "../../http/wire-schemas.ts";
import { seed } from "./seed.ts";
import { cookieOf, sessionIn, type GymSession } from "./session-cookie.ts";
import { useTool } from "./use-tool.ts";
import { verify } from "./verify.ts";
import * as wire from "./wire.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Of a request of NeMo Gym: how its session stands after it, where that is other than before. */
    gymSession: GymSession | undefined;
  }
}

const PREFIX = "/v1/nemo-gym";
const tags = ["nemo-gym"];
const sessions =
  "The session cookie of the last reply names the rollout: it is set on each. The key comes as a bearer token, or as the password of basic authentication.";

/** NeMo Gym puts its own name of a rollout before the path where it observes; nothing here depends on it. */
const toolPath = z.object({ tool: described(z.string().min(1).max(256), "The name of a tool.") });

/** A resources server of NeMo Gym. A session is a rollout. */
export const nemoGym: Route = (api, { service, rolloutKeys }) => {
  /** @throws BerthError `invalid_request` */
  const sessionOf = (request: FastifyRequest): GymSession => {
    const session = sessionIn(request, rolloutKeys);
    if (session === undefined)
      throw new BerthError(
        "invalid_request",
        "The request has no session cookie of this server: /seed_session gives one.",
      );
    return session;
  };
  const config = {
    keyAsPassword: true,
    atHolder: (request: FastifyRequest) => sessionIn(request, rolloutKeys)?.rolloutId,
  };
  /** Whether another controller has answered: it has the rollout since the request came. */
  const answeredByHolder = async (thrown: unknown, reply: FastifyReply): Promise<boolean> =>
    toBerthError(thrown).code === "fenced" && (await reply.answeredByHolder?.()) === true;

  const serve = (prefix: string, hide: boolean) =>
    api.register(
      async (plain) => {
        const scope = typed(plain);
        scope.decorateRequest("gymSession", undefined);
        scope.addHook("onSend", async (request, reply) => {
          // What another controller answered has its cookie already.
          if (reply.hasHeader("set-cookie")) return;
          const session = request.gymSession ?? sessionIn(request, rolloutKeys);
          if (session) reply.header("set-cookie", cookieOf(session, rolloutKeys));
        });

        scope.route({
          method: "POST",
          url: "/seed_session",
          bodyLimit: wire.MOST_SAMPLE_BYTES,
          config: { keyAsPassword: true },
          schema: {
            tags,
            hide,
            operationId: "nemoGymSeedSession",
            summary: "Begin a session",
            description: `Begins the rollout that the row stands for, as \`item\` of a rollout does, and waits until its sandbox is ready. ${sessions}`,
            body: wire.seedRequest,
            response: {
              ...errorResponses("queue_deadline", ...sandboxFailures),
              200: json("The session has begun.", wire.seedAnswer),
            },
          },
          handler: async (request) => {
            const { responses_create_params: _, ...item } = request.body;
            const rolloutId = systemIds.uuid();
            await seed(rolloutId, item, { service, clock: systemClock, by: request.caller });
            request.gymSession = { rolloutId, isSpoilt: false };
            const headers = { Authorization: `Bearer ${rolloutKeys.of(rolloutId)}` };
            const url_path = `/v1/rollouts/${rolloutId}/mcp`;
            return {
              rollout_id: rolloutId,
              mcp: { server_name: "berth", url_path, transport: "http" as const, headers },
            };
          },
        });
        scope.route({
          method: "POST",
          url: "/verify",
          bodyLimit: wire.MOST_SAMPLE_BYTES,
          config,
          schema: {
            tags,
            hide,
            operationId: "nemoGymVerify",
            summary: "End a session and grade it",
            description: `Gives the body back with \`reward\`. What could not be scored has \`mask_sample\`. The verdict is the same whenever it is asked for. ${sessions}`,
            body: wire.verifyRequest,
            response: { ...errorResponses(), 200: json("The verdict.", wire.verifyAnswer) },
          },
          handler: async (request, reply) => {
            try {
              return await verify(sessionOf(request), request.body, service, request.caller);
            } catch (thrown) {
              if (await answeredByHolder(thrown, reply)) return reply;
              throw thrown;
            }
          },
        });
        scope.route({
          method: "POST",
          url: "/:tool",
          config,
          schema: {
            tags,
            hide,
            operationId: "nemoGymTool",
            summary: "Use a tool",
            description: `The body is the tool's arguments. ${sessions}`,
            params: toolPath,
            body: wire.toolRequest,
            response: {
              ...errorResponses("unknown_rollout", "call_cancelled", "outcome_unknown", ...sandboxFailures),
              200: json("What the model reads.", wire.toolAnswer),
            },
          },
          handler: async (request, reply) => {
            const session = sessionOf(request);
            try {
              return await useTool(session.rolloutId, request.params.tool, request.body, service);
            } catch (thrown) {
              if (await answeredByHolder(thrown, reply)) return reply;
              // Agents show the model this answer as a tool's, and go on.
              request.gymSession = { ...session, isSpoilt: true };
              throw thrown;
            }
          },
        });
      },
      { prefix },
    );
  serve(PREFIX, false);
  serve(`${PREFIX}/ng-rollout/:ng_rollout_id`, true);
};
