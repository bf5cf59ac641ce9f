import type { z } from "zod";

/** A reply that is one JSON value of the schema, alone or in one fence; undefined for any other. Nothing is picked out of prose. */
export function parseReply<Shape extends z.ZodType>(text: string, shape: Shape): z.infer<Shape> | undefined {
  const whole = text.trim();
  const fenced = /^```(?:json)?\s*\n([\s\S]*?)\n\s*```$/.exec(whole)?.[1] ?? whole;
  try {
    const parsed = shape.safeParse(JSON.parse(fenced));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
