import { z } from "zod";
import { BerthError } from "../../core/errors.ts";
import type { IdSource } from "../../core/ids.ts";
import type { JudgeGraderSpec } from "../../model/graders/judge.ts";
import type { Grader, GradingContext, PartResult } from "../grader.ts";
import { part } from "../part.ts";
import { changeSetText } from "./change-set-text.ts";
import { clip } from "./clip.ts";
import { show, type Shown } from "./exhibits.ts";
import { hollowness } from "./hollow-answer.ts";
import type { JudgeModel, JudgeReply } from "./judge-model.ts";
import { assertJudge } from "./no-judge.ts";
import { parseReply } from "./parse-reply.ts";
import { makeQuestion } from "./question.ts";
import { sanitise } from "./sanitise.ts";
import { styleRubrics } from "./style-rubrics.ts";
import { collectVotes } from "./votes.ts";

const judgement = z.object({
  steps: z.array(z.object({ description: z.string(), conclusion: z.string() })).max(200),
  result: z.number(),
});

const text = { type: "string" };
const schema = {
  name: "judgement",
  schema: {
    type: "object",
    properties: {
      steps: {
        type: "array",
        items: {
          type: "object",
          properties: { description: text, conclusion: text },
          required: ["description", "conclusion"],
          additionalProperties: false,
        },
      },
      result: { type: "number" },
    },
    required: ["steps", "result"],
    additionalProperties: false,
  },
};

type Vote = z.infer<typeof judgement> & { readonly reply: JudgeReply };

/**
 * Asks a language model what the policy's words, or its changes, are worth. What says nothing gets the lowest result
 * unasked. A judge that fails leaves the rollout unscored.
 */
export function createJudgeGrader(ids: IdSource, model: JudgeModel | undefined): Grader<JudgeGraderSpec> {
  return {
    type: "judge",
    check: async () => void assertJudge(model),

    async grade(spec, context) {
      const judge = assertJudge(model);
      const shown = await exhibitsOf(spec, context);
      const evidence = Object.fromEntries(shown.map((one) => [one.exhibit.name, one.evidence]));
      const flags = shown.flatMap((one) => one.flags);
      const hollow = hollownessOf(shown);
      if (hollow !== undefined)
        return part(spec, spec.range[0], "There is nothing to judge.", evidence, [...flags, hollow]);

      context.onProgress(`Asking the judge ${spec.votes === 1 ? "once" : `${spec.votes} times`}`);
      const exhibits = shown.map(({ exhibit }) => exhibit).filter((exhibit) => exhibit.text.trim() !== "");
      const task = taskOf(spec);
      const ask = async (signal: AbortSignal): Promise<Vote | undefined> => {
        const reply = await judge.ask(makeQuestion({ task, exhibits, schema, model: spec.model }, ids), signal);
        const parsed = parseReply(reply.text, judgement);
        return parsed && { ...parsed, reply };
      };
      const { votes, unusable } = await collectVotes(spec.votes, ask, context.signal);
      return verdictOf(spec, votes, { ...evidence, unusable_replies: unusable }, flags);
    },
  };
}

async function exhibitsOf(spec: JudgeGraderSpec, context: GradingContext): Promise<Shown[]> {
  const shown: Shown[] = [];
  if (spec.judges.includes("answer")) shown.push(show("answer", context.answer ?? ""));
  if (spec.judges.includes("change_set")) shown.push(show("change_set", await changeSetText(context)));
  return shown;
}

/** An answer that is judged must say something; changes may be none where an answer is judged too. */
function hollownessOf(shown: readonly Shown[]): string | undefined {
  const [first] = shown;
  return first && hollowness(first.exhibit.text);
}

function taskOf({ style, rubric, range: [low, high] }: JudgeGraderSpec): string {
  const rubrics = [...style.map((name) => styleRubrics[name]), ...(rubric === undefined ? [] : [rubric])];
  return `${rubrics.join("\n\n")}

Go through what is asked above in steps, each with a conclusion, and then give as the result a number from ${low} (the worst) to ${high} (the best). Use the numbers between them.`;
}

function verdictOf(
  spec: JudgeGraderSpec,
  votes: readonly Vote[],
  evidence: PartResult["evidence"],
  flags: readonly string[],
): PartResult {
  const [low, high] = spec.range;
  const results = votes.map(({ result }) => Math.min(high, Math.max(low, result))).toSorted((a, b) => a - b);
  const [least, most] = [results[0], results.at(-1)];
  const median = results[(results.length - 1) / 2];
  if (least === undefined || most === undefined || median === undefined)
    throw new BerthError("grader_failed", "The judge gave no vote.");
  const spread = (most - least) / (high - low);
  const disagreement = spread > spec.agreement;
  const summary = `The judge gives ${median} of ${low} to ${high}${disagreement ? `, and its votes disagree (${least} to ${most})` : ""}.`;
  return part(
    spec,
    median,
    summary,
    {
      ...evidence,
      votes: votes.map(({ result, steps }) => ({ result, steps: steps.slice(0, 20).map(shownStep) })),
      spread,
      disagreement,
      model: votes[0]?.reply.model,
      schema_enforced: votes.every(({ reply }) => reply.schemaEnforced),
    },
    flags,
  );
}

/** A judge may repeat what it was shown. */
const shownStep = ({ description, conclusion }: Vote["steps"][number]) => ({
  description: clip(sanitise(description).text, 1000).text,
  conclusion: clip(sanitise(conclusion).text, 1000).text,
});
