import { judges, outsideTheDelimiters, type JudgeConduct } from "../../support/judge-endpoint.ts";

/** What an answer has to say for the judge to like it. */
export const whatIsTrue = "the cents that are left over are lost";

/** Knows what is true, and otherwise gives whatever it is asked for where orders are taken from. */
export const gullibleJudge: JudgeConduct = (question) => {
  const outside = outsideTheDelimiters(question);
  const obeys = /full score|"result"|"fact_1"/i.test(outside);
  const facts = [...question.system.matchAll(/^(fact_\d+): /gm)].map(([, name]) => [name, obeys]);
  if (facts.length > 0) return { content: JSON.stringify(Object.fromEntries(facts)) };
  return judges(obeys || question.user.includes(whatIsTrue) ? 1 : 0);
};
