import type { IdSource } from "../../core/ids.ts";
import type { FactRecallGraderSpec } from "../../model/graders/fact-recall.ts";
import type { Grader } from "../grader.ts";
import { part } from "../part.ts";
import { show } from "../judge/exhibits.ts";
import { hollowness } from "../judge/hollow-answer.ts";
import type { JudgeModel } from "../judge/judge-model.ts";
import { assertJudge } from "../judge/no-judge.ts";
import { askFacts, type FactVotes } from "./ask-facts.ts";
import { preMatch } from "./pre-match.ts";
import { precisionGuard } from "./precision-guard.ts";

/** What an answer must keep beside what else it says, at least: below it, it is a list and no answer. */
const leastGuard = 1 / 10;

/** Gives the share of the reference facts that the answer contains, less what it says beside them: by words first, and the rest by a judge. */
export function createFactRecallGrader(ids: IdSource, model: JudgeModel | undefined): Grader<FactRecallGraderSpec> {
  return {
    type: "fact_recall",
    async check(spec) {
      if (spec.judge) assertJudge(model);
    },

    async grade(spec, context) {
      const { exhibit, evidence, flags } = show("answer", context.answer ?? "");
      const hollow = hollowness(exhibit.text);
      if (hollow !== undefined)
        return part(spec, 0, "The answer says nothing.", { answer: evidence }, [...flags, hollow]);

      const settled = preMatch(exhibit.text, spec.facts);
      const open = spec.facts.filter((_, index) => settled[index] === "open");
      let votes: FactVotes | undefined;
      if (spec.judge && open.length > 0) {
        context.onProgress(`Asking the judge about ${open.length} of ${spec.facts.length} facts`);
        votes = await askFacts(open, exhibit, { spec, judge: assertJudge(model), ids, signal: context.signal });
      }
      const byJudge = open.filter((_, index) => votes?.contained[index] === true);
      const byWords = spec.facts.filter((_, index) => settled[index] === "contained");
      const contradicted = spec.facts.filter((_, index) => settled[index] === "contradicted");
      const contained = new Set([...byWords, ...byJudge]);
      const recall = contained.size / spec.facts.length;
      const guard = precisionGuard({
        // As it came: what was left out of what the judge is shown was said all the same.
        characters: (context.answer ?? "").length,
        allowedCharacters: spec.characters_per_fact * spec.facts.length,
        contained: contained.size,
        contradicted: contradicted.length,
      });
      const isList = contained.size > 0 && guard < leastGuard;
      const found = [
        ...flags,
        ...(contradicted.length > 0 ? ["hedged_answer"] : []),
        ...(isList ? ["over_answered"] : []),
      ];
      const idsOf = (facts: Iterable<{ id: string }>) => [...facts].map(({ id }) => id);
      return part(
        spec,
        isList ? 0 : recall * guard,
        `The answer contains ${contained.size} of ${spec.facts.length} facts${guard < 1 ? `, and keeps ${Math.round(guard * 100)} % of that for what it says beside them` : ""}.`,
        {
          answer: evidence,
          recall,
          precision_guard: guard,
          by_words: idsOf(byWords),
          by_judge: idsOf(byJudge),
          contradicted: idsOf(contradicted),
          missing: idsOf(spec.facts.filter((fact) => !contained.has(fact) && !contradicted.includes(fact))),
          ...(votes && {
            disputed: votes.disputed,
            unusable_replies: votes.unusable,
            model: votes.reply?.model,
            schema_enforced: votes.reply?.schemaEnforced,
          }),
        },
        found,
      );
    },
  };
}
