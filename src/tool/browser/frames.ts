import { z } from "zod";

/** A PNG as it comes; in base64 a third longer. */
export const mostPictureBytes = 384 * 1024;
/** Of what a snapshot gives in one answer. */
export const mostSnapshotBytes = 65_536;

const tab = z.object({ tab: z.int().min(1), title: z.string().max(200), url: z.string().max(1000) });

const snapshot = z.object({
  text: z.string().max(mostSnapshotBytes + 8_192),
  from_line: z.int().min(1),
  lines: z.int().min(0),
  total_lines: z.int().min(0),
});
const picture = z.object({ data: z.string().max(Math.ceil(mostPictureBytes / 3) * 4), scale: z.number() });

export const failureCodes = [
  "missing",
  "not_started",
  "closed",
  "no_tab",
  "no_element",
  "not_loaded",
  "timeout",
  "too_large",
  "refused",
] as const;
export type FailureCode = (typeof failureCodes)[number];

const notes = z.array(z.string().max(500)).max(20);

/** What the driver answers. The sandbox's, whatever it says: it is the policy's to forge. */
export const browserFrame = z.discriminatedUnion("type", [
  z.object({
    id: z.string(),
    type: z.literal("done"),
    tabs: z.array(tab).max(16),
    /** The tab that calls go to which name none; null where none is open. */
    current: z.int().min(1).nullable(),
    /** What happened on the pages since the last answer. */
    notes,
    snapshot: snapshot.optional(),
    png: picture.optional(),
  }),
  z.object({
    id: z.string(),
    type: z.literal("failed"),
    code: z.enum(failureCodes),
    message: z.string().max(2_000),
    notes,
  }),
]);
type Frame = z.infer<typeof browserFrame>;
export type BrowserAnswer = Extract<Frame, { type: "done" }>;
export type BrowserFailure = Extract<Frame, { type: "failed" }>;
