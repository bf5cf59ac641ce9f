import { z } from "zod";
import type { Rollout } from "../model/rollout.ts";
import type { RolloutCursor } from "../store/store.ts";

const parts = z.tuple([z.iso.datetime(), z.uuid()]).or(z.tuple([z.iso.datetime()]));

/** `<created_at>_<rollout id>`, or a time alone → a place in the list of rollouts. */
export const cursorText = z
  .string()
  .max(128)
  .transform((text, context): RolloutCursor => {
    const parsed = parts.safeParse(text.split("_"));
    if (!parsed.success) {
      context.addIssue({
        code: "custom",
        message: "must be the next_before of a page, or a time such as 2026-01-02T03:04:05Z",
      });
      return z.NEVER;
    }
    const [time, id] = parsed.data;
    const createdAt = new Date(time).toISOString();
    return id === undefined ? { createdAt } : { createdAt, id };
  });

/** The place behind a rollout. */
export const cursorOf = ({ created_at, rollout_id }: Rollout): string => `${created_at}_${rollout_id}`;
