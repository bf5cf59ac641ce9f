import type { FastifyReply, FastifyRequest } from "fastify";
import type { z } from "zod";
import { systemIds } from "../../core/ids.ts";
import { errorResponses, json, type JsonResponse } from "../../http/responses.ts";
import type { Route } from "../../http/route.ts";
import { inOwnRollout } from "./in-own-rollout.ts";
import { codeFacts, runCode } from "./run-code.ts";
import { cellFacts, runJupyter } from "./run-jupyter.ts";
import {
  environmentPath,
  mostBodyBytes,
  runCodeRequest,
  runCodeResponse,
  runJupyterRequest,
  runJupyterResponse,
} from "./wire.ts";

const described =
  "Of SandboxFusion, whose endpoint is `/v1/sandbox-fusion/{environment}`. Each request has a rollout of its own, which ends with it. Its client sends no headers: the key is the password of the endpoint's address (`http://berth:KEY@host`), or a bearer token. What is not the code's doing is `SandboxError`, never `Failed`.";

const responses = (schema: z.ZodType): Record<string, JsonResponse<z.ZodType>> => ({
  ...errorResponses("unknown_environment"),
  200: json("What came of the code, or why it could not be run.", schema),
});

/** Code in a sandbox of its own, as SandboxFusion runs it. */
export const sandboxFusion: Route = (api, { service, metrics }) => {
  const parts = { service, metrics, ids: systemIds };
  const schema = { tags: ["sandbox-fusion"], description: described, params: environmentPath };
  api.route({
    method: "POST",
    url: "/v1/sandbox-fusion/:environment/run_code",
    bodyLimit: mostBodyBytes,
    config: { keyAsPassword: true },
    schema: {
      ...schema,
      operationId: "sandboxFusionRunCode",
      summary: "Run a program in a rollout of its own",
      body: runCodeRequest,
      response: responses(runCodeResponse),
    },
    handler: (request: FastifyRequest, reply: FastifyReply) => {
      const asked = request.body as z.infer<typeof runCodeRequest>;
      const nothing = { compile_result: null, run_result: null };
      return inOwnRollout(request, reply, { tool: runCode(asked), args: codeFacts(asked), nothing }, parts);
    },
  });
  api.route({
    method: "POST",
    url: "/v1/sandbox-fusion/:environment/run_jupyter",
    bodyLimit: mostBodyBytes,
    config: { keyAsPassword: true },
    schema: {
      ...schema,
      operationId: "sandboxFusionRunJupyter",
      summary: "Run cells of Python in a rollout of their own",
      body: runJupyterRequest,
      response: responses(runJupyterResponse),
    },
    handler: (request: FastifyRequest, reply: FastifyReply) => {
      const asked = request.body as z.infer<typeof runJupyterRequest>;
      const nothing = { driver: null, cells: [] };
      return inOwnRollout(request, reply, { tool: runJupyter(asked), args: cellFacts(asked), nothing }, parts);
    },
  });
};
