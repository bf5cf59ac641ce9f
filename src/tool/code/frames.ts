import { z } from "zod";

const text = z.string();
/** By media type; what is no text is in base64. */
const forms = z.record(z.string().max(100), text);

/** What a kernel says of a cell. */
export const cellFrame = z.discriminatedUnion("type", [
  z.object({ id: z.string(), type: z.literal("stream"), name: z.enum(["stdout", "stderr"]), text }),
  z.object({ id: z.string(), type: z.literal("result"), forms }),
  z.object({ id: z.string(), type: z.literal("display"), forms }),
  z.object({ id: z.string(), type: z.literal("error"), text }),
  z.object({ id: z.string(), type: z.literal("done"), status: z.enum(["ok", "error", "interrupted"]) }),
]);
export type Frame = z.infer<typeof cellFrame>;
