import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { errorResponses, json, sandboxFailures, type JsonResponse } from "../../http/responses.ts";
import { rolloutPath } from "../../http/request-fields.ts";
import { typed, type Route } from "../../http/route.ts";
import type { DoorTool } from "../../tool/tool.ts";
import { answered, RAISES } from "./answer.ts";
import { formFields } from "./form.ts";
import { closeAll, closeSession } from "./tools/close-session.ts";
import { createSession } from "./tools/create-session.ts";
import { execute } from "./tools/execute.ts";
import { readFile, writeFile } from "./tools/files.ts";
import { runInSession } from "./tools/run-in-session.ts";
import { upload, uploadFacts } from "./tools/upload.ts";
import {
  action,
  answers,
  closeSessionRequest,
  command,
  createSessionRequest,
  readFileRequest,
  swerexception,
  uploadRequest,
  writeFileRequest,
} from "./wire.ts";

const base = "/v1/rollouts/:rollout_id/swe-rex";
/** As text in JSON, between controllers, a file is a third larger. */
const mostUploadBytes = 32_000_000;
const mostUploadBody = 48_000_000;

const described =
  "Of SWE-ReX's remote runtime, whose `host` is the rollout's address followed by `/swe-rex`, without a port. The key is the controller's, or the rollout's own, in `X-API-Key`. A request that comes again with its `X-Request-ID` gets the first answer and runs nothing twice. What the client is to raise comes with 511.";

type Operation = keyof typeof answers;

const responses = (schema: z.ZodType): Record<string, JsonResponse<z.ZodType>> => ({
  ...errorResponses("unknown_rollout", "rollout_closed", ...sandboxFailures),
  200: json("What the client returns.", schema),
  [RAISES]: json("What the client raises.", swerexception),
});

/** SWE-ReX's remote runtime, one rollout each. */
export const sweRex: Route = (api, { service, metrics, rolloutKeys }) => {
  const open = { rolloutKey: true, keyInHeader: true } as const;
  const parts = { service, metrics };
  /** Sessions are told apart by what no policy knows. */
  const keyOf = ({ params }: FastifyRequest): string => rolloutKeys.of((params as { rollout_id: string }).rollout_id);
  const operation = (id: string, summary: string, answer: Operation) => ({
    operationId: `sweRex${id}`,
    summary,
    description: described,
    tags: ["swe-rex"],
    params: rolloutPath,
    response: responses(answers[answer]),
  });

  api.route({
    method: "GET",
    url: `${base}/is_alive`,
    config: open,
    schema: operation("IsAlive", "Ask SWE-ReX's way whether the sandbox is ready", "is_alive"),
    handler: async ({ params }) => {
      const { status, error } = await service.get(params.rollout_id);
      const message = status === "active" ? "" : `The rollout is ${status}. ${error?.message ?? ""}`.trim();
      return { is_alive: status === "active", message };
    },
  });

  const post = (
    path: string,
    body: z.ZodType,
    schema: ReturnType<typeof operation>,
    toolOf: (request: FastifyRequest) => DoorTool,
  ) =>
    api.route({
      method: "POST",
      url: `${base}/${path}`,
      config: { ...open, atHolder: true },
      schema: { ...schema, body },
      handler: (request: FastifyRequest, reply: FastifyReply) =>
        answered(request, reply, { tool: toolOf(request), args: request.body as Record<string, unknown> }, parts),
    });
  post(
    "create_session",
    createSessionRequest,
    operation("CreateSession", "Open a session with a bash", "create_session"),
    (request) => createSession(keyOf(request)),
  );
  post(
    "run_in_session",
    action,
    operation("RunInSession", "Run a command in a session, or interrupt one", "run_in_session"),
    (request) => runInSession(keyOf(request)),
  );
  post("close_session", closeSessionRequest, operation("CloseSession", "Close a session", "close_session"), (request) =>
    closeSession(keyOf(request)),
  );
  post("execute", command, operation("Execute", "Run a command in no session", "execute"), () => execute);
  post("read_file", readFileRequest, operation("ReadFile", "Read a file", "read_file"), () => readFile);
  post("write_file", writeFileRequest, operation("WriteFile", "Write a file", "nothing"), () => writeFile);
  // What is no JSON is read on these routes alone.
  void api.register(async (scope: FastifyInstance) => {
    const forms = { parseAs: "buffer", bodyLimit: mostUploadBytes } as const;
    scope.addContentTypeParser("multipart/form-data", forms, (request: FastifyRequest, body: Buffer) =>
      formFields(body, request.headers["content-type"] ?? ""),
    );
    // So the client calls a body that is not there.
    scope.addContentTypeParser("application/octet-stream", { parseAs: "buffer", bodyLimit: 0 }, async () => ({}));
    typed(scope).route({
      method: "POST",
      url: `${base}/upload`,
      bodyLimit: mostUploadBody,
      config: { ...open, atHolder: true },
      schema: { ...operation("Upload", "Upload a file, or a folder as a zip archive", "nothing"), body: uploadRequest },
      handler: (request, reply) => {
        const { body } = request;
        return answered(request, reply, { tool: upload(body), args: uploadFacts(body) }, parts);
      },
    });
    typed(scope).route({
      method: "POST",
      url: `${base}/close`,
      config: { ...open, atHolder: true },
      schema: { ...operation("Close", "Close every session", "nothing"), body: z.looseObject({}) },
      handler: (request, reply) => answered(request, reply, { tool: closeAll, args: {} }, parts),
    });
  });
};
