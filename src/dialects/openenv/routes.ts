import { z } from "zod";
import { systemClock } from "../../core/clock.ts";
import { withDeadline } from "../../core/deadline.ts";
import { BerthError, toBerthError } from "../../core/errors.ts";
import { normaliseRolloutId, systemIds } from "../../core/ids.ts";
import { assertOwnOrigin } from "../../http/own-origin.ts";
import { errorResponses, json, sandboxFailures } from "../../http/responses.ts";
import type { Route } from "../../http/route.ts";
import { callId } from "../../model/tool-call.ts";
import { idOf, listTools, reset, stateOf, step } from "./episode.ts";
import { Sessions } from "./sessions.ts";
import * as wire from "./wire.ts";

const url = (name: string) => `/v1/openenv/:environment/${name}`;
/** For the episodes of sockets that the controller's end closes. */
const FAREWELL_MS = 10_000;
const tags = ["openenv"];
const params = wire.environmentPath;
/** A client is given one address, `http://any:KEY@HOST/v1/openenv/ENVIRONMENT`, and sends nothing besides. */
const config = { keyAsPassword: true } as const;
const keyed = "The key comes as a bearer token, or as the password of basic authentication.";

const episodeOf = ({ body }: { body: unknown }) => normaliseRolloutId((body as wire.StepRequest).episode_id);

/** @throws BerthError `invalid_request` */
function idIn(text: string): string {
  const id = normaliseRolloutId(text);
  if (id === undefined) throw new BerthError("invalid_request", "episode_id: must be a UUID, bare or prefixed.");
  return id;
}

/** The client's name of a request as the key of a call; one that is none is left out, and the call is a new one each time. */
const keyOf = ({ request_id }: wire.StepRequest): string => {
  const read = callId.safeParse(request_id);
  return read.success ? read.data : `call_${systemIds.hex(12)}`;
};

/** The environments of Berth as servers of OpenEnv, each under an address of its own. */
export const openenv: Route = (api, { service, metrics }) => {
  const sessions = new Sessions();
  const partsFor = (by: string) => ({ service, by });

  api.route({
    method: "GET",
    url: url("ws"),
    config,
    schema: { params, hide: true },
    onRequest: async (request) => assertOwnOrigin(request),
    preHandler: async ({ params: { environment } }) => void (await service.toolsOf(environment)),
    handler: () => {
      throw new BerthError("invalid_request", "This address speaks WebSocket alone.");
    },
    wsHandler: (socket, { params: { environment }, caller, log }) =>
      sessions.serve(socket, {
        ...partsFor(caller),
        environment,
        clock: systemClock,
        ids: systemIds,
        log,
        onError: (thrown) => {
          const { code, causedBy } = toBerthError(thrown);
          metrics.errors.inc({ code, cause: causedBy });
        },
      }),
  });
  api.addHook("onClose", () =>
    withDeadline("ending the episodes", FAREWELL_MS, () => sessions.over()).catch((err: unknown) =>
      api.log.warn({ err }, "episodes go on without their sockets until their budgets end them"),
    ),
  );

  api.route({
    method: "POST",
    url: url("reset"),
    config: { ...config, atHolder: ({ body }) => normaliseRolloutId((body as wire.ResetRequest).episode_id ?? "") },
    schema: {
      tags,
      operationId: "openenvReset",
      summary: "Begin an episode",
      description: `Waits for the sandbox. The observation's \`episode_id\` names the episode in the steps to come; it ends when it is submitted, or with its idle budget. ${keyed}`,
      params,
      body: wire.resetRequest,
      response: {
        ...errorResponses("rollout_conflict", "rollout_closed", "queue_deadline", ...sandboxFailures),
        200: json("The episode has begun.", wire.stepAnswer),
      },
    },
    handler: ({ params: { environment }, body, caller }) =>
      reset(idOf(body, systemIds.uuid()), environment, body, partsFor(caller)),
  });
  api.route({
    method: "POST",
    url: url("step"),
    config: {
      ...config,
      atHolder: episodeOf,
      nameCall: (body, makeId) => void ((body as wire.StepRequest).request_id ??= makeId()),
    },
    schema: {
      tags,
      operationId: "openenvStep",
      summary: "Do one thing in an episode",
      description: `Uses a tool, or ends the episode and gives its reward. ${keyed}`,
      params,
      body: wire.stepRequest,
      response: {
        ...errorResponses(
          "unknown_rollout",
          "rollout_closed",
          "call_conflict",
          "call_cancelled",
          "outcome_unknown",
          "grader_failed",
          "grader_timeout",
          ...sandboxFailures,
        ),
        200: json("What came of it.", wire.stepAnswer),
      },
    },
    handler: ({ params: { environment }, body, caller }) => {
      const isQuestion = "type" in body.action && body.action.type === "list_tools";
      if (isQuestion) return listTools(environment, partsFor(caller));
      return step(idIn(body.episode_id), body.action, keyOf(body), partsFor(caller));
    },
  });
  api.route({
    method: "GET",
    url: url("state"),
    config,
    schema: {
      tags,
      operationId: "openenvState",
      summary: "Show how an episode stands",
      description: keyed,
      params,
      querystring: wire.stateQuery,
      response: { ...errorResponses("unknown_rollout"), 200: json("How it stands.", wire.state) },
    },
    handler: ({ params: { environment }, query: { episode_id }, caller }) =>
      stateOf(episode_id === undefined ? undefined : idIn(episode_id), environment, partsFor(caller)),
  });
  api.route({
    method: "GET",
    url: url("schema"),
    config,
    schema: {
      tags,
      operationId: "openenvSchema",
      summary: "Show the JSON schemas of actions, observations and states",
      description: keyed,
      params,
      response: { ...errorResponses(), 200: json("The schemas.", wire.schemas) },
    },
    handler: async () => ({
      action: z.toJSONSchema(wire.action, { io: "input" }),
      observation: z.toJSONSchema(wire.observation),
      state: z.toJSONSchema(wire.state),
    }),
  });
  api.route({
    method: "GET",
    url: url("metadata"),
    config,
    schema: {
      tags,
      operationId: "openenvMetadata",
      summary: "Say what an environment is",
      description: keyed,
      params,
      response: { ...errorResponses("unknown_environment"), 200: json("What it is.", wire.environmentMetadata) },
    },
    handler: async ({ params: { environment } }) => {
      const names = (await service.toolsOf(environment)).map(({ name }) => name).join(", ");
      const none = { readme_content: null, version: null, author: null, documentation_url: null };
      return { name: environment, description: `A sandbox with the tools ${names}.`, ...none };
    },
  });
  api.route({
    method: "GET",
    url: url("health"),
    config: { public: true },
    schema: {
      tags,
      operationId: "openenvHealth",
      summary: "Whether the controller answers",
      description: "Says nothing of the environment: no key is needed.",
      security: [],
      params,
      response: { ...errorResponses(), 200: json("It does.", wire.health) },
    },
    handler: async () => ({ status: "healthy" as const }),
  });
};
