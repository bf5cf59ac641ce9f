import type { EnvironmentInput } from "../../src/model/environment.ts";

/** A row of dataset.jsonl: what the policy is told, and where it works. What it is graded against is never in it. */
export interface Row {
  readonly id: string;
  readonly prompt: string;
  /** The name of the environment; rows of one name share it. */
  readonly environment: string;
  readonly item?: Readonly<Record<string, unknown>>;
}

/** The tools of one rollout. What comes back is what a model would read, a failure of the tool included. */
export interface Tools {
  call(name: string, args: Readonly<Record<string, unknown>>): Promise<string>;
  /** All at once, as a model does that calls tools in parallel; the results in the order of the calls. */
  all(calls: readonly (readonly [name: string, args: Readonly<Record<string, unknown>>])[]): Promise<string[]>;
}

/** Works with the tools and returns its answer, which may be empty where only the workspace is graded. `sample` counts from 0. */
export type Policy = (row: Row, tools: Tools, sample: number) => Promise<string>;

/** policy.ts of an example exports `policies`: one that does the work, and some that only seem to. */
export type Policies = Readonly<Record<string, Policy>>;

/** What a scripted policy earns on every row, the best sample of each: the graders are right when `holds` is true. */
export interface Expectation {
  readonly because: string;
  readonly holds: (reward: number) => boolean;
}

/** policy.ts exports `expected` beside `policies`, under the same names. */
export type Expected = Readonly<Record<string, Expectation>>;

/** environments.ts of an example exports `environmentOf` where rows differ in more than their prompt. `judge`: a real one is there. */
export type EnvironmentOf = (row: Row, options: { readonly judge: boolean }) => EnvironmentInput;

/** judge.ts of an example exports `openJudge` where its graders need one: a stand-in, for runs without a real one. */
export type OpenJudge = () => Promise<{ readonly baseUrl: string; readonly model: string } & AsyncDisposable>;
