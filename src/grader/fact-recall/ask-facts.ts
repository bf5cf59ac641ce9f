import { z } from "zod";
import type { IdSource } from "../../core/ids.ts";
import type { FactRecallGraderSpec, ReferenceFact } from "../../model/graders/fact-recall.ts";
import type { JudgeModel, JudgeReply } from "../judge/judge-model.ts";
import { parseReply } from "../judge/parse-reply.ts";
import { makeQuestion, type Exhibit } from "../judge/question.ts";
import { collectVotes } from "../judge/votes.ts";

export interface FactVotes {
  /** By fact, in order: whether more than half of the votes found it. */
  readonly contained: readonly boolean[];
  /** Facts on which the votes were not of one mind. */
  readonly disputed: number;
  readonly unusable: number;
  readonly reply: JudgeReply | undefined;
}

/**
 * Asks a judge, in one question a vote, which of the facts an answer contains.
 * @throws BerthError `grader_failed`, `grader_timeout`: the rollout is unscored then
 */
export async function askFacts(
  facts: readonly ReferenceFact[],
  exhibit: Exhibit,
  { spec, judge, ids, signal }: { spec: FactRecallGraderSpec; judge: JudgeModel; ids: IdSource; signal: AbortSignal },
): Promise<FactVotes> {
  // The judge is told numbers: an id of the task could say what is wanted.
  const names = facts.map((_, index) => `fact_${index + 1}`);
  const shape = z.strictObject(Object.fromEntries(names.map((name) => [name, z.boolean()])));
  const schema = {
    name: "contained_facts",
    schema: {
      type: "object",
      properties: Object.fromEntries(names.map((name) => [name, { type: "boolean" }])),
      required: names,
      additionalProperties: false,
    },
  };
  const task = `For each of the facts below say whether the answer states it: true only if the answer says the same thing, in whatever words, as its own assertion. False if it is missing, vaguer, denied, contradicted elsewhere in the answer, given as one of several possibilities, or only asked for.

${facts.map(({ text }, index) => `fact_${index + 1}: ${text.replaceAll(/\s+/g, " ")}`).join("\n")}`;
  const ask = async (within: AbortSignal) => {
    const reply = await judge.ask(makeQuestion({ task, exhibits: [exhibit], schema, model: spec.model }, ids), within);
    const found = parseReply(reply.text, shape);
    return found && { found, reply };
  };
  const { votes, unusable } = await collectVotes(spec.votes, ask, signal);
  const yes = names.map((name) => votes.filter(({ found }) => found[name] === true).length);
  return {
    contained: yes.map((count) => count * 2 > votes.length),
    disputed: yes.filter((count) => count > 0 && count < votes.length).length,
    unusable,
    reply: votes[0]?.reply,
  };
}
