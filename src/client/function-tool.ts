import { z } from "zod";

/** A tool as models' APIs take it, its arguments as JSON schema. */
export const functionTool = z.object({
  type: z.literal("function"),
  function: z.object({ name: z.string(), description: z.string(), parameters: z.record(z.string(), z.unknown()) }),
});
export type FunctionTool = z.infer<typeof functionTool>;
