import { BerthError } from "../../src/core/errors.ts";
import type { RolloutService } from "../../src/rollout/rollout-service.ts";
import type { Controller } from "./controller.ts";
import type { World } from "./world.ts";

/** What comes back to a client: an answer, a refusal, or nothing that it ever hears. */
export type Answer<T> =
  | { readonly kind: "value"; readonly value: T }
  | { readonly kind: "refused"; readonly error: BerthError }
  | { readonly kind: "nothing" };

export interface Request<T> {
  readonly what: string;
  readonly send: (service: RolloutService) => Promise<T>;
  /** The rollout that it is about: whoever holds it answers. */
  readonly rollout?: string;
  /** The controller must have answered by then, whatever goes wrong. */
  readonly withinMs: number;
  /** Hears of every value that the controller gives, also of those that the client does not get. */
  readonly onValue?: (value: T) => Promise<void> | void;
}

const nothing = { kind: "nothing" } as const;

/** The way between clients and whichever controller is there: requests are lost, late and doubled, replies are lost. */
export class Network {
  readonly #world: World;
  readonly #controller: () => Controller | undefined;

  constructor(world: World, controller: () => Controller | undefined) {
    this.#world = world;
    this.#controller = controller;
  }

  async ask<T>(request: Request<T>): Promise<Answer<T>> {
    const { clock, faults, random } = this.#world;
    await clock.sleep(random.aroundMs(faults.happens("request_late") ? 3_000 : 2));
    if (faults.happens("request_lost")) return this.#silence();
    const again = faults.happens("request_twice") ? this.#later(request) : undefined;
    const answer = this.#deliver(request);
    const leavesMs = faults.happens("client_leaves") ? random.aroundMs(500) : Infinity;
    const first = Number.isFinite(leavesMs)
      ? await Promise.race([answer, clock.sleep(leavesMs).then(() => nothing)])
      : await answer;
    if (random.chance(0.5)) await again;
    if (faults.happens("reply_lost")) return this.#silence();
    return first;
  }

  /** Long enough for a client to think that there was none. */
  async #silence(): Promise<typeof nothing> {
    await this.#world.clock.sleep(this.#world.random.aroundMs(20_000));
    return nothing;
  }

  async #later<T>(request: Request<T>): Promise<void> {
    const { clock, random } = this.#world;
    await clock.sleep(random.aroundMs(random.pick([0.5, 50, 2_000])));
    await this.#deliver(request);
  }

  async #deliver<T>({ what, rollout, send, withinMs, onValue }: Request<T>): Promise<Answer<T>> {
    const { clock, ledger, trace } = this.#world;
    const controller = this.#controller();
    if (!controller?.open || !controller.life.alive) return nothing;
    const { life, service } = controller;
    trace.note(`> ${what}`);
    const late = clock.alarm(withinMs, () => {
      if (life.alive) ledger.violated("answered", `${what} had no answer within ${withinMs / 1000} s`);
    });
    const located = rollout === undefined ? undefined : service.locate(rollout);
    const asked =
      located === "here" || located === undefined ? send(service) : Promise.resolve(located).then(() => send(service));
    const heard = asked.then(
      (value): Answer<T> => ({ kind: "value", value }),
      (thrown: unknown): Answer<T> => ({ kind: "refused", error: this.#refusal(what, thrown) }),
    );
    const answer = await Promise.race([heard, life.ended.then(() => nothing)]);
    late[Symbol.dispose]();
    trace.note(`< ${what}: ${answer.kind === "refused" ? answer.error.code : answer.kind}`);
    if (answer.kind === "value") await onValue?.(answer.value);
    return answer;
  }

  /** What a caller is told is one of ours, and never that we do not know ourselves. */
  #refusal(what: string, thrown: unknown): BerthError {
    if (thrown instanceof BerthError && thrown.code !== "internal") return thrown;
    const said = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    this.#world.ledger.violated("explained", `${what} was refused for no reason of ours: ${said}`);
    return new BerthError("internal", said);
  }
}
