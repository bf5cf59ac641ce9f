import type { FastifySchemaCompiler } from "fastify";
import type { z } from "zod";
import { safeParse } from "zod/v4/core";
import { BerthError } from "../core/errors.ts";
import { describeIssues } from "../model/issues.ts";

const parts: Readonly<Record<string, string>> = {
  body: "body",
  querystring: "query",
  params: "path",
  headers: "headers",
};

/** A request that is sound but for the environment that it carries: the task is broken, not the call. */
function isAboutEnvironment(data: unknown, issues: readonly z.core.$ZodIssue[]): boolean {
  const carried = (data as { environment?: unknown } | null)?.environment;
  return typeof carried === "object" && carried !== null && issues.every((issue) => issue.path[0] === "environment");
}

/** Refuses with `invalid_request`, or `invalid_environment`, naming the part of the request and the fields. */
export const validatorCompiler: FastifySchemaCompiler<z.ZodType> =
  ({ schema, httpPart = "body" }) =>
  (data: unknown) => {
    const result = safeParse(schema, data);
    if (result.success) return { value: result.data };
    const { issues } = result.error;
    const code = httpPart === "body" && isAboutEnvironment(data, issues) ? "invalid_environment" : "invalid_request";
    return {
      error: new BerthError(code, `The ${parts[httpPart] ?? httpPart} was refused: ${describeIssues(issues)}.`),
    };
  };
