import { expect, test } from "vitest";
import { dialects } from "../../../src/dialects/all.ts";
import { httpApp } from "../../support/http-app.ts";

interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly { readonly name: string; readonly description?: string }[];
}

test("every dialect is described with the rest of the API, each operation once and each of its parameters", async () => {
  await using http = httpApp({ dialects });
  const { paths, tags } = (await http.app.inject("/openapi.json")).json<{
    paths: Record<string, Record<string, Operation>>;
    tags: { name: string }[];
  }>();
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, ...operation })),
  );
  const of = (tag: string) =>
    operations
      .filter((operation) => operation.tags?.includes(tag))
      .map(({ name }) => name)
      .toSorted();
  expect(of("openenv")).toEqual([
    "get /v1/openenv/{environment}/health",
    "get /v1/openenv/{environment}/metadata",
    "get /v1/openenv/{environment}/schema",
    "get /v1/openenv/{environment}/state",
    "post /v1/openenv/{environment}/reset",
    "post /v1/openenv/{environment}/step",
  ]);
  expect(of("nemo-gym")).toEqual([
    "post /v1/nemo-gym/seed_session",
    "post /v1/nemo-gym/verify",
    "post /v1/nemo-gym/{tool}",
  ]);
  const ids = operations.map(({ operationId }) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
  const known = new Set(tags.map(({ name }) => name));
  const lacking = operations
    .filter(({ tags: own = [] }) => own.includes("openenv") || own.includes("nemo-gym"))
    .flatMap(({ name, summary, tags: own = [], parameters = [] }) => [
      ...(summary ? [] : [`${name}: summary`]),
      ...own.filter((tag) => !known.has(tag)),
      ...parameters.filter(({ description }) => !description).map((parameter) => `${name}: ${parameter.name}`),
    ]);
  expect(lacking).toEqual([]);
});
