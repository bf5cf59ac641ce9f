/** What must be true in every world, whatever goes wrong in it. */
export const rules = {
  once: "a call of a rollout runs at most once",
  recorded: "what a caller was told is in the record before, and the same ever after",
  forwards: "statuses go forwards, and an end is an end",
  ends: "every rollout that began comes to its end",
  answered: "every request, start and drain is over within its time",
  rewarded: "there is one verdict, and no failure of ours makes it 0",
  intended: "a sandbox is in the store before it is made",
  owned: "a sandbox serves one rollout, and a sibling's is left alone",
  left: "no sandbox, intent, lease, place or timer is left",
  recovers: "when nothing goes wrong any more, rollouts work and can be closed",
  explained: "failures are told by a code of ours, and none goes unheard",
} as const;

export type Rule = keyof typeof rules;

export const ruleNames = Object.keys(rules) as Rule[];

export interface Violation {
  readonly rule: Rule;
  readonly what: string;
}
