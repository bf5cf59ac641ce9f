/** What a patch asks for, whichever format it was written in. Texts are as the model wrote them, without line ends. */
export interface Patch {
  readonly format: "v4a" | "unified";
  readonly changes: readonly FileChange[];
}

export type FileChange =
  | {
      readonly type: "add";
      readonly path: string;
      readonly lines: readonly string[];
      readonly newlineAtEnd: boolean;
      readonly executable?: boolean;
    }
  /** With hunks the file must hold nothing but what they remove. */
  | { readonly type: "delete"; readonly path: string; readonly hunks: readonly Hunk[] }
  | {
      readonly type: "update";
      readonly path: string;
      readonly moveTo?: string;
      readonly executable?: boolean;
      readonly hunks: readonly Hunk[];
    };

export interface HunkLine {
  readonly type: "context" | "removed" | "added";
  readonly text: string;
}

export interface Hunk {
  /** Lines to find, one after the other, before the hunk's own place is looked for. */
  readonly anchors: readonly string[];
  /** Index from 0 of the first old line, where the header gives it. */
  readonly expectedIndex?: number;
  readonly lines: readonly HunkLine[];
  /** The old lines are the last of the file. */
  readonly atEnd: boolean;
  /** Where a `\ No newline at end of file` stood: for the old text, for the new one. Neither: keep what the file has. */
  readonly noNewline: { readonly old: boolean; readonly new: boolean };
  /** Line of the patch, from 1, for messages. */
  readonly patchLine: number;
}
