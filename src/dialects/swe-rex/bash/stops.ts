import { RE2JS } from "re2js";
import { Raised } from "../raised.ts";
import { VALUE_ERROR } from "../class-paths.ts";
import type { Heard } from "./heard.ts";
import { endMark, exitCodeOf, promptMark } from "./typed-lines.ts";

/** How the peer calls its prompt. */
export const PROMPT_NAME = "SHELLPS1PREFIX";
/** An expression is looked for in what came last: so much of what came before may be part of its match. */
const overlapBytes = 4_096;

/** Where a wait for output ends: before `at`, an offset of what is held. */
export interface Stop {
  readonly at: number;
  readonly by: string;
  /** The exit code, where it is known. */
  readonly code?: number;
}

export type FindStop = (heard: Heard, fresh: number) => Stop | undefined;

/** The end of the command that has the nonce. */
export const atEnd =
  (nonce: string): FindStop =>
  ({ bytes }, fresh) => {
    const mark = endMark(nonce);
    const at = bytes.indexOf(mark, Math.max(0, bytes.length - fresh - mark.length - 4));
    const code =
      at === -1 ? undefined : exitCodeOf.exec(bytes.toString("latin1", at + mark.length, at + mark.length + 4));
    return code ? { at, by: PROMPT_NAME, code: Number(code[1]) } : undefined;
  };

/** The session's prompt. */
export const atPrompt =
  (secret: string): FindStop =>
  ({ bytes }, fresh) => {
    const mark = promptMark(secret);
    const at = bytes.indexOf(mark, Math.max(0, bytes.length - fresh - mark.length));
    return at === -1 ? undefined : { at, by: PROMPT_NAME };
  };

/** The first of some expressions. @throws Raised for one that is none */
export function atExpected(expressions: readonly string[]): FindStop {
  const compiled = expressions.map((expression) => ({ by: expression, pattern: compile(expression) }));
  return ({ bytes }, fresh) => {
    if (compiled.length === 0) return undefined;
    const start = Math.max(0, bytes.length - fresh - overlapBytes);
    // Byte by byte, so that places in the text are places in the bytes.
    const text = bytes.toString("latin1", start);
    const found = compiled.flatMap(({ by, pattern }) => {
      const match = pattern.matcher(text);
      return match.find() ? [{ by, at: start + match.start() }] : [];
    });
    return found.toSorted((one, other) => one.at - other.at)[0];
  };
}

function compile(expression: string): RE2JS {
  try {
    return RE2JS.compile(Buffer.from(expression).toString("latin1"), RE2JS.DOTALL);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Raised(VALUE_ERROR, `expect: ${JSON.stringify(expression)} is no regular expression of RE2: ${why}`);
  }
}

/** Whichever comes first in the output. */
export const firstOf =
  (...finders: readonly FindStop[]): FindStop =>
  (heard, fresh) =>
    finders.flatMap((find) => find(heard, fresh) ?? []).toSorted((one, other) => one.at - other.at)[0];
