import { Readable } from "node:stream";
import { rolloutEvent } from "../../model/trajectory.ts";
import { errorResponses } from "../responses.ts";
import { rolloutPath } from "../request-fields.ts";
import type { Route } from "../route.ts";
import { serverSentEvents } from "../sse.ts";

export const streamEvents: Route = (api, { service, eventHeartbeatMs, closing }) => {
  api.route({
    method: "GET",
    url: "/v1/rollouts/:rollout_id/events",
    config: { atHolder: true },
    exposeHeadRoute: false,
    schema: {
      operationId: "streamEvents",
      summary: "Follow a rollout",
      description:
        "Server-sent events: the present status first, then what happens. The event's name is its `type`. Ends with the event `end` when the rollout has ended; a stream without it was cut.",
      tags: ["rollouts"],
      params: rolloutPath,
      response: {
        ...errorResponses("unknown_rollout"),
        200: { description: "A stream of events.", content: { "text/event-stream": { schema: rolloutEvent } } },
      },
    },
    handler: async (request, reply) => {
      const { rollout_id } = request.params;
      await service.get(rollout_id);
      const vanished = new AbortController();
      const signal = AbortSignal.any([vanished.signal, closing]);
      reply.raw.once("close", () => vanished.abort());
      const events = service.events(rollout_id, signal);
      // Bytes, not objects: the stream holds back the source when the client reads slowly.
      const stream = Readable.from(serverSentEvents(events, { heartbeatMs: eventHeartbeatMs, signal }), {
        objectMode: false,
      });
      return (
        reply
          .header("content-type", "text/event-stream; charset=utf-8")
          .header("cache-control", "no-store")
          // A kept connection would hold up the controller's end for as long as the client keeps it.
          .header("connection", "close")
          .header("x-accel-buffering", "no")
          .send(stream as never)
      );
    },
  });
};
