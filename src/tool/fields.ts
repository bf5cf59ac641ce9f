import { z } from "zod";

const noNul = (text: string): boolean => !text.includes("\0");

/** A path as tools take it. Whether it stays in the workspace is the guest's to decide. */
export const pathField = (description: string) =>
  z.string().min(1).max(4096).refine(noNul, { error: "must not contain a NUL character" }).describe(description);

/** Glob patterns as `Guest.grep` takes them. */
export const globsField = (description: string) =>
  z.array(z.string().min(1).max(1024).refine(noNul)).max(50).optional().describe(description);

export const countField = (least: number, most: number, initial: number, description: string) =>
  z.number().int().min(least).max(most).default(initial).describe(description);
