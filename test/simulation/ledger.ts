import type { ToolCallResult } from "../../src/model/tool-call.ts";
import { terminalStatuses, type Rollout } from "../../src/model/rollout.ts";
import type { Verdict } from "../../src/model/verdict.ts";
import type { Store } from "../../src/store/store.ts";
import type { Machine } from "./machine.ts";
import type { Rule, Violation } from "./rules.ts";

const order: readonly Rollout["status"][] = ["queued", "preparing", "active", "grading", "closed"];

/** Whether a rollout may go from one status to the other: forwards only, and nowhere from an end. */
const mayFollow = (before: Rollout["status"], after: Rollout["status"]): boolean =>
  before === after ||
  (!terminalStatuses.includes(before) && (!order.includes(after) || order.indexOf(after) > order.indexOf(before)));

/** What was written and what callers were told, held against what must always be true. */
export class Ledger {
  readonly violations: Violation[] = [];
  readonly #first = Promise.withResolvers<void>();
  readonly #status = new Map<string, Rollout["status"]>();
  /** `rollout call` → what the first answer said. */
  readonly #answers = new Map<string, string>();
  readonly #verdicts = new Map<string, string>();
  /** Rollouts whose policy was told that its answer is written. */
  readonly #answered = new Set<string>();
  readonly #intended = new Set<string>();
  readonly counts = { calls: 0, replays: 0, verdicts: 0, rollouts: 0 };

  violated(rule: Rule, what: string): void {
    if (!this.violations.some((one) => one.what === what)) this.violations.push({ rule, what });
    this.#first.resolve();
  }

  /** Resolves when something is as it must not be. */
  get firstViolation(): Promise<void> {
    return this.#first.promise;
  }

  /** A write that is durable. */
  written(method: string, given: readonly unknown[], result: unknown): void {
    if (method === "recordIntent") this.#intended.add((given[0] as { id: string }).id);
    if (method === "createRollout") this.#moved((given[0] as { id: string }).id, "queued", result);
    if (method !== "updateRollout" || result !== true) return;
    const { status } = given[1] as { status?: Rollout["status"] };
    if (status) this.#moved(String(given[0]), status, { created: true });
  }

  #moved(id: string, status: Rollout["status"], result: unknown): void {
    if (!(result as { created: boolean }).created) return;
    const before = this.#status.get(id);
    if (before === undefined) this.counts.rollouts++;
    else if (!mayFollow(before, status))
      this.violated("forwards", `the rollout ${id} went from ${before} to ${status}`);
    this.#status.set(id, status);
  }

  /** Whether the store was told of a sandbox before. */
  knows(sandboxId: string): boolean {
    return this.#intended.has(sandboxId);
  }

  statusOf(id: string): Rollout["status"] | undefined {
    return this.#status.get(id);
  }

  get rollouts(): readonly string[] {
    return [...this.#status.keys()];
  }

  /** A caller was told the result of its call: the record has it already, it ran once, and it is the same ever after. */
  async answered(
    rollout: string,
    result: ToolCallResult,
    { durable, machine, isAnswer }: { durable: Store; machine: Machine; isAnswer: boolean },
  ): Promise<void> {
    const { call_id: call, replayed } = result;
    const key = `${rollout} ${call}`;
    this.counts.calls++;
    if (replayed) this.counts.replays++;
    const told = JSON.stringify([result.tool, result.output, result.outcome ?? null, result.error?.code ?? null]);
    const first = this.#answers.get(key);
    if (first === undefined) this.#answers.set(key, told);
    else if (first !== told)
      this.violated("recorded", `the call ${call} of ${rollout} was answered ${told} after ${first}`);
    const record = (await durable.trajectory(rollout)).find(({ call_id }) => call_id === call);
    if (record?.state !== "done" || record.result?.output !== result.output)
      this.violated(
        "recorded",
        `the call ${call} of ${rollout} was answered, and its record says ${record?.state ?? "nothing"}`,
      );
    const runs = machine.runs.get(key) ?? 0;
    if (runs !== 1) this.violated("once", `the call ${call} of ${rollout} was answered and ran ${runs} times`);
    if (isAnswer && result.outcome?.type === "exited") this.#answered.add(rollout);
  }

  /** A caller was told a verdict: always the same one, and 0 only for what the policy did or did not do. */
  judged(rollout: string, verdict: Verdict, machine: Machine): void {
    const told = JSON.stringify(verdict);
    const first = this.#verdicts.get(rollout);
    if (first === undefined) {
      this.#verdicts.set(rollout, told);
      this.counts.verdicts++;
    } else if (first !== told) this.violated("rewarded", `the rollout ${rollout} was judged ${told} after ${first}`);
    if (verdict.status === "unscored") {
      if (verdict.reason.cause === "policy" || verdict.reason.cause === "caller")
        this.violated("rewarded", `the rollout ${rollout} is unscored for a cause of ${verdict.reason.cause}`);
      return;
    }
    const died = machine.outOfMemory.has(rollout);
    if (verdict.flags.includes("sandbox_oom") && !died)
      this.violated("rewarded", `the rollout ${rollout} was judged as out of memory, and was not`);
    if (verdict.reward === 0 && this.#answered.has(rollout) && !died)
      this.violated("rewarded", `the rollout ${rollout} had answered and was judged 0: ${told}`);
  }

  /** What the store says at the end, held against what callers were told. */
  async checkRecords(durable: Store): Promise<void> {
    for (const [key, told] of this.#answers) {
      const [rollout = "", call] = key.split(" ");
      const record = (await durable.trajectory(rollout)).find(({ call_id }) => call_id === call);
      const [, output] = JSON.parse(told) as unknown[];
      if (record?.state !== "done" || record.result?.output !== output)
        this.violated("recorded", `the call ${call} of ${rollout} was answered and its record is lost`);
    }
    for (const [rollout, told] of this.#verdicts) {
      const verdict = (await durable.rollout(rollout))?.verdict;
      if (JSON.stringify(verdict) !== told)
        this.violated("recorded", `the verdict of ${rollout} was told and its record is lost`);
    }
  }
}
