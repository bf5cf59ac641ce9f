/** A part of a word: text as it stands, or a variable to put in. */
export type WordPart =
  | { readonly text: string; readonly quoted: boolean }
  | { readonly variable: string; readonly quoted: boolean };
export type Word = readonly WordPart[];

export interface Redirect {
  /** The stream that is redirected; "both" is `&>`. */
  readonly stream: 0 | 1 | 2 | "both";
  readonly how: "read" | "write" | "append" | "duplicate";
  readonly target: Word;
}

export type Command =
  | {
      readonly kind: "simple";
      readonly assignments: readonly { name: string; value: Word }[];
      readonly words: readonly Word[];
      readonly redirects: readonly Redirect[];
    }
  | { readonly kind: "group"; readonly subshell: boolean; readonly body: List; readonly redirects: readonly Redirect[] }
  | { readonly kind: "while"; readonly condition: List; readonly body: List; readonly redirects: readonly Redirect[] };

export interface Pipeline {
  readonly negated: boolean;
  readonly commands: readonly Command[];
}
export interface AndOr {
  readonly first: Pipeline;
  readonly rest: readonly { readonly when: "&&" | "||"; readonly pipeline: Pipeline }[];
}
export type List = readonly { readonly andOr: AndOr; readonly background: boolean }[];

/** What the interpreter does not read: it says so instead of guessing. */
export class SyntaxFault extends Error {}
