import type { Verdict } from "../../src/model/verdict.ts";
import type { Api } from "./api.ts";
import type { Policy, Row, Tools } from "./policy.ts";

export interface Played {
  readonly row: Row;
  readonly policy: string;
  /** Counts from 0. */
  readonly sample: number;
  /** Undefined when the rollout came to no verdict; then `failure` says why. */
  readonly verdict?: Verdict;
  readonly failure?: string;
}

/** A rollout's tools over HTTP. Every call has an id of its own, so that the same request sent again runs nothing twice. */
function toolsOf(api: Api, rollout: string): Tools {
  let calls = 0;
  const call: Tools["call"] = (name, args) => api.call(rollout, name, `call-${calls++}`, args);
  return { call, all: (asked) => Promise.all(asked.map(([name, args]) => call(name, args))) };
}

/** One rollout: create, let the policy work, grade its answer, close. Never rejects: what fails is told. */
export async function play(
  api: Api,
  group: string,
  { name, policy }: { name: string; policy: Policy },
  row: Row,
  sample: number,
): Promise<Played> {
  const told = { row, policy: name, sample };
  try {
    const rollout = await api.create(row.environment, group);
    try {
      const answer = await policy(row, toolsOf(api, rollout), sample);
      return { ...told, verdict: await api.grade(rollout, answer) };
    } finally {
      await api.close(rollout);
    }
  } catch (thrown) {
    return { ...told, failure: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}
