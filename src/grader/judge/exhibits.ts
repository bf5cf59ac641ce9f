import { appealsToJudge } from "./appeal.ts";
import { clip } from "./clip.ts";
import type { Exhibit } from "./question.ts";
import { sanitise } from "./sanitise.ts";

/** The most that a judge is shown of each, in characters. */
const mostCharacters = { answer: 40_000, change_set: 120_000 } as const;
/** What a sanitiser is given at most, in characters: more is cut before it is looked at. */
const mostRead = 4_000_000;

export interface Shown {
  readonly exhibit: Exhibit;
  readonly evidence: Readonly<Record<string, unknown>>;
  readonly flags: readonly string[];
}

/** Makes what the policy wrote fit to be shown to a judge, and says what was done to it. */
export function show(name: Exhibit["name"], raw: string): Shown {
  const { text, removed } = sanitise(clip(raw, mostRead).text);
  const shown = clip(text, mostCharacters[name]);
  const flags: string[] = [];
  if (removed.invisible > 0) flags.push("hidden_characters");
  if (removed.delimiters > 0 || appealsToJudge(text)) flags.push("addressed_the_judge");
  return {
    exhibit: { name, text: shown.text },
    evidence: {
      characters: raw.length,
      words: text.match(/\S+/g)?.length ?? 0,
      emojis: text.match(/\p{Emoji_Presentation}|\p{Extended_Pictographic}(?=\ufe0f)/gu)?.length ?? 0,
      left_out: shown.clipped,
      removed,
    },
    flags,
  };
}
