import { startController, type Controller } from "./controller.ts";
import { Life } from "./life.ts";
import type { World } from "./world.ts";
import type { Store } from "../../src/store/store.ts";

const minute = 60_000;
/** Of a start: the lists and what it cannot attach or remove at once. */
const START_MS = 60 * minute;
const DRAIN_MS = 20_000;
/** All that a drain may take, beyond what it lets calls have. */
const DRAIN_WITHIN_MS = 5 * minute;

/** Starts a controller whenever there is none, and ends some of them: killed in the middle of something, or in good order. */
export class Supervisor {
  readonly #world: World;
  readonly #durable: Store;
  readonly #opened: (() => void)[] = [];
  #crashesLeft: number;
  #finished = false;
  current: Controller | undefined;

  constructor(world: World, durable: Store) {
    this.#world = world;
    this.#durable = durable;
    this.#crashesLeft = world.random.pick([0, 0, 1, 2, 4]);
  }

  /** Until `finish`. */
  async run(): Promise<void> {
    const { clock, random } = this.#world;
    while (!this.#finished) {
      const life = this.#newLife();
      await this.#start(life);
      await life.ended;
      if (life.killed) this.#world.counts.killed++;
      if (!this.#finished) await clock.sleep(random.aroundMs(1_000));
    }
  }

  async untilOpen(): Promise<void> {
    if (!this.current?.open || !this.current.life.alive)
      await new Promise<void>((resolve) => this.#opened.push(resolve));
  }

  /** No controller is killed any more. */
  async calm({ restart }: { restart: boolean }): Promise<void> {
    this.#crashesLeft = 0;
    this.current?.life.spare();
    if (restart) await this.restart();
    else await this.untilOpen();
  }

  /** The present controller ends in good order, and the next one is there. */
  async restart(): Promise<void> {
    await this.untilOpen();
    await this.#drain();
    await this.untilOpen();
  }

  /** The last controller ends; nothing that it held is left to hold. */
  async finish(): Promise<void> {
    const { ledger } = this.#world;
    await this.untilOpen();
    const last = this.current;
    this.#finished = true;
    await this.#drain();
    for (const left of last?.gauges.left() ?? []) ledger.violated("left", `the last controller ended with ${left}`);
    if (last && last.snapshots.leased !== 0)
      ledger.violated("left", `${last.snapshots.leased} leases were not returned`);
    if (last && last.admission.waiting !== 0) ledger.violated("left", `${last.admission.waiting} still wait to start`);
  }

  /** When every rollout was closed, the living controller holds none. */
  expectNothingHeld(): void {
    for (const [status, count] of this.current?.gauges.held ?? [])
      if (count !== 0) this.#world.ledger.violated("left", `${count} ${status} rollouts are held and none is there`);
  }

  #newLife(): Life {
    const { random, trace } = this.#world;
    const dies = this.#crashesLeft > 0;
    if (dies) this.#crashesLeft--;
    const steps = dies ? random.between(1, random.pick([60, 400, 1_500])) : Infinity;
    return new Life(`controller-${++this.#world.counts.lives}`, { trace, steps });
  }

  async #start(life: Life): Promise<void> {
    const { clock, ledger, trace, random } = this.#world;
    const controller = startController(life, this.#world, this.#durable);
    this.current = controller;
    trace.note(`${life.name} starts`);
    const late = clock.alarm(START_MS, () => {
      if (life.alive && !controller.open)
        ledger.violated("answered", `${life.name} did not start within ${START_MS / minute} min`);
    });
    const started = begin(controller).then(
      () => true,
      () => false,
    );
    const open = await Promise.race([started, life.ended.then(() => false)]);
    late[Symbol.dispose]();
    if (!open) return life.end("does not start");
    trace.note(`${life.name} is open`);
    controller.open = true;
    for (const resolve of this.#opened.splice(0)) resolve();
    if (random.chance(0.15) && !this.#finished)
      clock.alarm(random.aroundMs(30_000), () => void this.#drainLife(controller));
  }

  async #drain(): Promise<void> {
    if (this.current) await this.#drainLife(this.current);
  }

  async #drainLife({ life, service, membership }: Controller): Promise<void> {
    const { clock, ledger, trace } = this.#world;
    if (!life.alive) return;
    trace.note(`${life.name} drains`);
    const late = clock.alarm(DRAIN_WITHIN_MS, () => {
      if (life.alive) ledger.violated("answered", `${life.name} did not drain within ${DRAIN_WITHIN_MS / minute} min`);
    });
    await Promise.race([service.drain(DRAIN_MS).then(() => membership.leave()), life.ended]);
    late[Symbol.dispose]();
    if (this.#finished && life.alarms > 0) ledger.violated("left", `${life.alarms} timers of ${life.name} are set`);
    life.end("ends");
  }
}

/** As a process does that has a data directory to itself. */
async function begin({ leases, membership, service }: Controller): Promise<void> {
  await leases.releaseControllers();
  await membership.join();
  await service.resume();
}
