import type { V1DaemonSet } from "@kubernetes/client-node";
import type { Clock } from "../../../core/clock.ts";
import type { Logger } from "../../../core/log.ts";
import type { ApiServer } from "../api-server.ts";
import { deadlines } from "../deadlines.ts";
import type { PodOptions } from "../options.ts";
import { refusalStatus } from "../refusal.ts";
import { agrees, daemonSetName, daemonSetOf, usedOf } from "./daemon-set.ts";
import { HotImages } from "./hot-images.ts";

/** Between two looks at what nodes should hold: each change starts a pod on every node anew. */
const everyMs = 60_000;
/** What nobody asked for in so long is not held any more. */
const hotMs = 3_600_000;
/** An account this much older than ours is told anew, or others take for cold what is used here. That starts no pod anew. */
const retellMs = hotMs / 2;

export interface PrepullParts {
  readonly api: ApiServer;
  readonly options: PodOptions;
  /** Snapshots that each node holds at most. */
  readonly most: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Has nodes hold the snapshots that rollouts start from these days, so that a rollout's pod finds its image there. Writes when what is hot changes, at most
 * once a minute; several controllers agree by one DaemonSet, which goes when nothing is hot.
 */
export class Prepull implements Disposable {
  readonly #parts: PrepullParts;
  readonly #path: string;
  readonly #hot = new HotImages();
  #alarm: Disposable | undefined;
  #stopped = false;

  constructor(parts: PrepullParts) {
    this.#parts = parts;
    this.#path = `/apis/apps/v1/namespaces/${parts.options.namespace}/daemonsets`;
    this.#later();
  }

  use(image: string): void {
    this.#hot.use(image, this.#parts.clock.now());
  }

  [Symbol.dispose](): void {
    this.#stopped = true;
    this.#alarm?.[Symbol.dispose]();
  }

  #later(): void {
    if (this.#stopped) return;
    const look = () =>
      void this.agree()
        .catch((err: unknown) => this.#parts.log.warn({ err }, "what nodes hold ahead could not be brought up to date"))
        .finally(() => this.#later());
    this.#alarm = this.#parts.clock.alarm(everyMs, look, { background: true });
  }

  /** Makes what nodes hold what is hot, the others' account included. @throws ApiRefusal, BerthError `provider_unavailable` */
  async agree(): Promise<void> {
    const { clock, most, options } = this.#parts;
    const there = await this.#read();
    const held = there === undefined ? {} : usedOf(there);
    this.#hot.merge(held);
    const wanted = this.#hot.hottest(most, clock.now() - hotMs);
    const none = Object.keys(wanted).length === 0;
    if (there === undefined) {
      if (!none) await this.#write("POST", this.#path, daemonSetOf(wanted, options));
    } else if (none) {
      await this.#write("DELETE", `${this.#path}/${daemonSetName}`);
    } else if (!agrees(held, wanted, retellMs)) {
      const next = daemonSetOf(wanted, options, there.metadata?.resourceVersion);
      await this.#write("PUT", `${this.#path}/${daemonSetName}`, next);
    }
  }

  async #read(): Promise<V1DaemonSet | undefined> {
    const path = `${this.#path}/${daemonSetName}`;
    try {
      return await this.#parts.api.ask({
        what: "read what nodes hold",
        method: "GET",
        path,
        deadlineMs: deadlines.ask,
      });
    } catch (thrown) {
      if (refusalStatus(thrown) === 404) return undefined;
      throw thrown;
    }
  }

  /** What another controller wrote in the meantime stands until the next look. */
  async #write(method: "POST" | "PUT" | "DELETE", path: string, body?: V1DaemonSet): Promise<void> {
    try {
      await this.#parts.api.ask({ what: "say what nodes hold", method, path, body, deadlineMs: deadlines.ask });
    } catch (thrown) {
      const status = refusalStatus(thrown);
      if (status !== 409 && !(method === "DELETE" && status === 404)) throw thrown;
    }
  }
}
