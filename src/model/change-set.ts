import { z } from "zod";

/** A file of the workspace as the guest lists it. `sha256` is of the content of regular files, hex. */
export const treeEntry = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("file"),
    path: z.string(),
    mode: z.number().int(),
    size: z.number().int().min(0),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
  }),
  z.strictObject({ type: z.literal("link"), path: z.string(), target: z.string() }),
  z.strictObject({ type: z.literal("other"), path: z.string() }),
]);
export type TreeEntry = z.infer<typeof treeEntry>;

/** What a rollout did to its workspace, as far as it may cross into a clean sandbox: regular files only. */
export const changeSet = z.strictObject({
  snapshot: z.string(),
  written: z.array(
    z.strictObject({
      path: z.string(),
      executable: z.boolean(),
      /** Base64. */
      content: z.string(),
    }),
  ),
  deleted: z.array(z.string()),
  /** Changes that stay behind, with the rule that kept them: links, devices, sizes. */
  refused: z.array(z.strictObject({ path: z.string(), reason: z.string() })),
});
export type ChangeSet = z.infer<typeof changeSet>;
