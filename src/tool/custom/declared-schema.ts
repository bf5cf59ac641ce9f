import { z } from "zod";

/** @throws BerthError `problem` makes of what is wrong with the schema */
export function declaredSchema(schema: Readonly<Record<string, unknown>>, problem: (what: string) => Error): z.ZodType {
  try {
    return z.fromJSONSchema(schema);
  } catch (thrown) {
    throw problem(thrown instanceof Error ? thrown.message : String(thrown));
  }
}
