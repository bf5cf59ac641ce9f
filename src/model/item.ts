import { z } from "zod";

/** A row of a trainer's dataset. It is the trainer's to fill, and what it names is looked up on this side: tests, patches and commands in it are never used. */
export const item = z.record(z.string(), z.unknown());
export type Item = z.infer<typeof item>;
