import type { Clock } from "../core/clock.ts";
import type { BerthError } from "../core/errors.ts";
import type { EgressLog } from "../egress/egress-log.ts";
import type { ChangeSet } from "../model/change-set.ts";
import type { Rollout } from "../model/rollout.ts";
import type { ToolCallResult } from "../model/tool-call.ts";
import type { Place } from "../sandbox/admission/place.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import type { StoredEnvironment } from "../store/store.ts";
import { Lane } from "./lane.ts";

/** A call in flight: a second request with its id joins it. */
export interface RunningCall {
  readonly tool: string;
  readonly arguments: string;
  readonly result: Promise<ToolCallResult>;
  /** Aborts when the call is to end before its time. */
  readonly cancelled: AbortController;
}

/** What the controller holds in memory of a rollout between queued and its end. The store has all that must last. */
export class LiveRollout {
  readonly id: string;
  readonly stored: StoredEnvironment;
  /** Whose turn it takes while it waits. */
  readonly place: Place;
  /** Unix milliseconds; when its sandbox must be ready. */
  readonly readyByMs: number | undefined;
  /** Unix milliseconds. */
  readonly createdAtMs: number;
  readonly lane = new Lane();
  readonly running = new Map<string, RunningCall>();
  /** Aborts when the policy's turn ends, with the reason. */
  readonly turn = new AbortController();
  /** When the sandbox became ready, Unix milliseconds; the budget of time runs from then, whatever restarts. */
  readonly activeAtMs: number | undefined;
  readonly #ready = Promise.withResolvers<Sandbox>();
  /** As it was last written. Changed by LiveRollouts alone, which keeps it until the rollout is no longer held. */
  status: Rollout["status"];
  sandbox: Sandbox | undefined;
  /** Of a sandbox that has a proxy. */
  egress: EgressLog | undefined;
  snapshot: string | undefined;
  callsUsed: number;
  hasFirstResult: boolean;
  /** Set once the turn is over: the change set, exported and stored. */
  turnOver: Promise<ChangeSet> | undefined;
  preparation: Promise<void> | undefined;
  /** Its place among those that wait for a sandbox. */
  waiting: Disposable | undefined;
  /** Set once its preparation was told as begun. */
  begun: Promise<void> | undefined;
  /** Of a rollout that failed: resolves when that is stored, and before that nobody is told. Never rejects. */
  failing: Promise<void> | undefined;
  readonly #clock: Pick<Clock, "alarm">;
  #wallTimer: Disposable | undefined;
  #idleTimer: Disposable | undefined;
  #active: Sandbox | undefined;
  #disarmed = false;

  constructor(rollout: Rollout, stored: StoredEnvironment, clock: Pick<Clock, "alarm">) {
    this.#clock = clock;
    this.id = rollout.rollout_id;
    this.stored = stored;
    this.place = { key: rollout.created_by ?? "", group: rollout.group ?? "" };
    this.readyByMs = rollout.ready_by === null ? undefined : Date.parse(rollout.ready_by);
    this.createdAtMs = Date.parse(rollout.created_at);
    this.status = rollout.status;
    this.callsUsed = rollout.tool_calls;
    this.hasFirstResult = rollout.first_result_at !== null;
    this.snapshot = rollout.snapshot ?? undefined;
    this.activeAtMs = rollout.active_at === null ? undefined : Date.parse(rollout.active_at);
    this.#ready.promise.catch(() => undefined);
  }

  /** The sandbox once it shook hands; rejects with why the rollout failed. */
  get ready(): Promise<Sandbox> {
    return this.#ready.promise;
  }

  /** Resolves when all calls so far have ended and what became of them is stored. */
  async callsEnded(): Promise<void> {
    await Promise.allSettled([...this.running.values()].map(({ result }) => result));
  }

  /** The sandbox, once calls may come. */
  get active(): Sandbox | undefined {
    return this.#active;
  }

  /** Calls that wait go on. */
  becomeActive(sandbox: Sandbox): void {
    this.sandbox = sandbox;
    this.#active = sandbox;
    this.#ready.resolve(sandbox);
  }

  armWallTime(ms: number, expire: () => void): void {
    this.#wallTimer?.[Symbol.dispose]();
    if (this.#disarmed) return;
    this.#wallTimer = this.#clock.alarm(ms, expire, { background: true });
  }

  armIdleTime(ms: number, expire: () => void): void {
    this.#idleTimer?.[Symbol.dispose]();
    if (this.#disarmed) return;
    this.#idleTimer = this.#clock.alarm(ms, expire, { background: true });
  }

  /** The budgets stop running, for good. */
  disarm(): void {
    this.#disarmed = true;
    this.#wallTimer?.[Symbol.dispose]();
    this.#idleTimer?.[Symbol.dispose]();
  }

  /** Leaves the sandbox to whoever has it next. */
  async letGo(): Promise<void> {
    await this.sandbox?.letGo();
  }

  /** Ends the turn for whoever waits or runs. */
  end(reason: BerthError): void {
    this.disarm();
    this.#ready.reject(reason);
    this.turn.abort(reason);
  }
}
