import { createHmac, timingSafeEqual } from "node:crypto";

const FORM = /^berth_rollout_[0-9a-f]{64}$/;

/**
 * Keys that open one rollout each: derived from its id and a secret of the installation, so that every controller knows them and none is kept. They
 * open the tools of the rollout and nothing else, and nothing any more when it has ended.
 */
export class RolloutKeys {
  readonly #secret: string;

  constructor(secret: string) {
    this.#secret = secret;
  }

  of(rolloutId: string): string {
    return `berth_rollout_${createHmac("sha256", this.#secret).update(rolloutId).digest("hex")}`;
  }

  /** Whether it has the form of such a key, of whichever rollout. */
  static isOne(key: string): boolean {
    return FORM.test(key);
  }

  /** Takes as long whatever the key is. */
  isOf(rolloutId: string, key: string): boolean {
    return RolloutKeys.isOne(key) && timingSafeEqual(Buffer.from(key), Buffer.from(this.of(rolloutId)));
  }
}
