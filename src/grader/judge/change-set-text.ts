import { createTwoFilesPatch } from "diff";
import type { ChangeSet } from "../../model/change-set.ts";
import { readText } from "../clean-run/workspace-files.ts";
import type { GradingContext } from "../grader.ts";
import { clip } from "./clip.ts";

/** Beyond `files` and `characters` only names are shown. What differs in more than `differences` lines is shown as it is now. */
const most = { files: 300, characters: 400_000, compared: 1_000_000, differences: 500, comparingMs: 50 } as const;

/** A change set as unified diffs against the snapshot, for a reader. */
export async function changeSetText({
  changeSet,
  openSandbox,
  signal,
}: Pick<GradingContext, "changeSet" | "openSandbox" | "signal">): Promise<string> {
  const { written, deleted } = changeSet;
  if (written.length === 0 && deleted.length === 0) return "";
  const parts: string[] = [];
  let characters = 0;
  await using sandbox = await openSandbox();
  for (const file of written.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    const isBeyond = parts.length >= most.files || characters >= most.characters;
    const base = isBeyond ? undefined : await readText(sandbox.guest, file.path, { signal });
    const part = isBeyond ? `changed, not shown: ${file.path}` : patchOf(file, base);
    characters += part.length;
    parts.push(part);
  }
  parts.push(...deleted.map((path) => `deleted: ${path}`));
  return parts.join("\n");
}

function patchOf({ path, content }: ChangeSet["written"][number], base: string | undefined): string {
  const bytes = Buffer.from(content, "base64");
  const text = bytes.toString("utf8");
  if (text.includes("\0") || text.includes("\ufffd")) return `binary file of ${bytes.length} bytes: ${path}`;
  if (text.length + (base?.length ?? 0) > most.compared) return rewritten(path, text);
  const patch = createTwoFilesPatch(
    base === undefined ? "/dev/null" : `a/${path}`,
    `b/${path}`,
    base ?? "",
    text,
    "",
    "",
    {
      context: 4,
      maxEditLength: most.differences,
      timeout: most.comparingMs,
    },
  );
  return patch ?? rewritten(path, text);
}

const rewritten = (path: string, text: string): string => `--- rewritten: ${path}\n${clip(text, most.compared).text}`;
