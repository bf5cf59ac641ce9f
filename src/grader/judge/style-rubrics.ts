import type { StyleRubric } from "../../model/graders/judge.ts";

/** What each style asks of a judge. */
export const styleRubrics: Readonly<Record<StyleRubric, string>> = {
  verbosity:
    "Verbosity. The best work says what its reader needs once, in plain words. Repetition, filler, restating the request, announcing what will be said, comments that repeat the code, and summaries of summaries make it worse. Missing content is not brevity.",
  emojis:
    "Emojis. The best work has none, in prose, code, comments and commit messages alike, unless the task itself is about them. Decorative symbols that stand in for emojis count as such.",
  unprofessional_tone:
    "Tone. The best work is written as one engineer writes to another: calm, precise, honest about what was not done or not tested. Flattery, exclamations, boasting, jokes, apologies without need, slang and blame make it worse.",
};
