import { setImmediate } from "node:timers/promises";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { compose } from "../../../src/compose.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { silentLogger } from "../../../src/core/log.ts";
import type { RolloutService } from "../../../src/rollout/rollout-service.ts";
import { JudgeEndpoint } from "../../support/judge-endpoint.ts";
import { guestBinary } from "../../support/providers.ts";

import { gullibleJudge } from "./gullible-judge.ts";

/** How long the kernel may take to let the last sandboxes' groups go. */
const settlingMs = 20_000;

/** Looks again, as soon as it has looked, until there is nothing or time is up. */
async function settled<T>(look: () => Promise<readonly T[]>): Promise<readonly T[]> {
  const until = Date.now() + settlingMs;
  for (;;) {
    const left = await look();
    if (left.length === 0 || Date.now() > until) return left;
    await setImmediate();
  }
}

export interface CheatsController extends AsyncDisposable {
  readonly service: RolloutService;
  /** Ends all rollouts, and says what is there that was not before. */
  leftovers(): Promise<readonly string[]>;
}

/** A controller on oci with a data directory of its own, and a judge that obeys. */
export async function openController(): Promise<CheatsController> {
  const dataDir = await mkdtemp(path.join(tmpdir(), "berth-cheats-"));
  const judge = await JudgeEndpoint.listen(gullibleJudge);
  const flags = {
    data_dir: dataDir,
    provider: "oci",
    guest_binary: guestBinary,
    pool_sandboxes: "0",
    judge_base_url: judge.baseUrl,
    judge_model: "stand-in",
  };
  const berth = await compose(loadConfig({ flags, env: {} }), silentLogger, { role: "controller" });
  const found = async () => {
    const items = await berth.sweep({ dryRun: true, onProgress: () => {} });
    return items.map(({ kind, id, reason }) => `${kind} ${id}: ${reason}`);
  };
  const before = new Set(await found());
  return {
    service: berth.service,
    async leftovers() {
      await berth.service.drain(5_000);
      return settled(async () => (await found()).filter((thing) => !before.has(thing)));
    },
    async [Symbol.asyncDispose]() {
      await berth.close();
      await judge[Symbol.asyncDispose]();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
