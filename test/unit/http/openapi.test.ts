import { describe, expect, test } from "vitest";
import { errorCodes, errorTable } from "../../../src/core/errors.ts";
import { shownToTheModel } from "../../../src/http/responses.ts";
import { httpApp } from "../../support/http-app.ts";

interface Operation {
  operationId?: string;
  summary?: string;
  security?: unknown[];
  parameters?: { name: string; in: string; description?: string; schema?: object }[];
  requestBody?: { content: Record<string, { schema: object }> };
  responses: Record<string, { description: string; content?: Record<string, { schema: object }> }>;
}

interface Document {
  openapi: string;
  security: unknown[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object>; securitySchemes: Record<string, object> };
}

async function document(): Promise<Document> {
  await using http = httpApp();
  return await http.app.inject("/openapi.json").then((reply) => reply.json<Document>());
}

const operations = (api: Document): [string, Operation][] =>
  Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [`${method} ${path}`, operation]),
  );

describe("/openapi.json", () => {
  test("describes the whole API", async () => {
    expect(
      operations(await document())
        .map(([name]) => name)
        .toSorted(),
    ).toEqual([
      "delete /v1/rollouts/{rollout_id}",
      "delete /v1/rollouts/{rollout_id}/terminals/{name}",
      "get /healthz",
      "get /metrics",
      "get /openapi.json",
      "get /readyz",
      "get /v1/environments",
      "get /v1/rollouts",
      "get /v1/rollouts/export",
      "get /v1/rollouts/summary",
      "get /v1/rollouts/{rollout_id}",
      "get /v1/rollouts/{rollout_id}/events",
      "get /v1/rollouts/{rollout_id}/regradings",
      "get /v1/rollouts/{rollout_id}/terminals",
      "get /v1/rollouts/{rollout_id}/terminals/{name}",
      "get /v1/rollouts/{rollout_id}/terminals/{name}/output",
      "get /v1/rollouts/{rollout_id}/trajectory",
      "get /v1/tools",
      "post /v1/environments",
      "post /v1/rollouts",
      "post /v1/rollouts/{rollout_id}/grade",
      "post /v1/rollouts/{rollout_id}/key",
      "post /v1/rollouts/{rollout_id}/terminals",
      "post /v1/rollouts/{rollout_id}/terminals/{name}/input",
      "post /v1/rollouts/{rollout_id}/terminals/{name}/resize",
      "post /v1/rollouts/{rollout_id}/tools/{tool}",
    ]);
  });

  test("is OpenAPI 3.1 whose references all lead somewhere", async () => {
    const api = await document();
    expect(api.openapi).toBe("3.1.0");
    const references = [...JSON.stringify(api).matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1] ?? "");
    expect(references.length).toBeGreaterThan(50);
    const known = new Set(Object.keys(api.components.schemas).map((name) => `#/components/schemas/${name}`));
    expect([...new Set(references)].filter((reference) => !known.has(reference))).toEqual([]);
    expect(JSON.stringify(api)).not.toContain("Default Response");
  });

  test("gives each operation an id, a summary, described parameters and answers with schemas", async () => {
    const all = operations(await document());
    expect(new Set(all.map(([, operation]) => operation.operationId)).size).toBe(all.length);
    const lacking = all.flatMap(([name, operation]) => [
      ...(operation.summary ? [] : [`${name}: summary`]),
      ...(name.startsWith("post") && !operation.requestBody?.content["application/json"]?.schema
        ? [`${name}: body`]
        : []),
      ...(operation.parameters ?? [])
        .filter((parameter) => !parameter.description || !parameter.schema)
        .map((parameter) => `${name}: ${parameter.name}`),
      ...Object.entries(operation.responses)
        .filter(([, { description, content = {} }]) => !description || !Object.values(content)[0]?.schema)
        .map(([status]) => `${name}: ${status}`),
    ]);
    expect(lacking).toEqual([]);
  });

  test("names the bearer key, and what is open without one", async () => {
    const api = await document();
    expect(api.components.securitySchemes).toMatchObject({ bearer: { type: "http", scheme: "bearer" } });
    expect(api.security).toEqual([{ bearer: [] }]);
    const open = operations(api).filter(([, operation]) => operation.security?.length === 0);
    expect(open.map(([name]) => name).toSorted()).toEqual(["get /healthz", "get /openapi.json", "get /readyz"]);
  });

  test("names every error code under its status, but those that only a model, a start or a command sees", async () => {
    const named = new Map<string, Set<string>>();
    for (const [, operation] of operations(await document())) {
      for (const [status, { description }] of Object.entries(operation.responses)) {
        for (const [, code = ""] of description.matchAll(/^`([a-z_]+)`: /gm)) {
          named.set(code, (named.get(code) ?? new Set()).add(status));
        }
      }
    }
    const elsewhere = new Set<string>([
      ...shownToTheModel,
      "forbidden_origin",
      "invalid_config",
      "not_found",
      "trainer_refused",
      "trainer_unavailable",
    ]);
    const expected = errorCodes
      .filter((code) => !elsewhere.has(code))
      .map((code) => [code, new Set([String(errorTable[code].status)])] as const);
    expect(named).toEqual(new Map(expected));
  });
});
