import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Berth } from "../../src/cli/berth.ts";
import { compose } from "../../src/compose.ts";
import { loadConfig, type ConfigInput } from "../../src/config/load.ts";
import { silentLogger } from "../../src/core/log.ts";
import type { Resolve } from "../../src/egress/dialler.ts";
import { dockerConnection, guestBinary } from "./providers.ts";
import { removeSnapshotImages, ResidueCheck } from "./residue.ts";

export interface LocalControllerOptions {
  /** Settings, as the command line has them. */
  readonly flags?: NonNullable<ConfigInput["flags"]>;
  readonly resolve?: Resolve;
}

/** Controllers of this process, one after the other, on one data directory; its disposal fails when anything is left. */
export async function localController(
  backend: "oci" | "docker",
  { flags = {}, ...options }: LocalControllerOptions = {},
) {
  const dataDir = await mkdtemp(join(tmpdir(), "berth-local-"));
  const residue = await ResidueCheck.of(dataDir);
  const config = loadConfig({
    flags: {
      data_dir: dataDir,
      provider: backend,
      guest_binary: guestBinary,
      docker_host: dockerConnection.socketPath,
      // What waits started for others belongs to nobody whose traces are looked for.
      pool_sandboxes: "0",
      ...flags,
    },
    env: {},
  });
  const start = () => compose(config, silentLogger, { role: "controller", ...options });
  let berth: Berth = await start();
  let stopped = false;
  return {
    dataDir,
    residue,
    image: backend === "oci" ? "host" : "node",
    get service() {
      return berth.service;
    },
    get berth() {
      return berth;
    },
    /** Ends the controller as SIGTERM does, and starts the next. */
    async restart() {
      await berth.service.drain(5_000);
      await berth.close();
      berth = await start();
    },
    /** Ends the controller; only its disposal may follow, which starts one to look after what is left. */
    async stop() {
      await berth.service.drain(5_000);
      await berth.close();
      stopped = true;
    },
    async [Symbol.asyncDispose]() {
      try {
        if (stopped) berth = await start();
        for (const { rollout_id } of await berth.service.list({ limit: 1_000 })) await berth.service.close(rollout_id);
        await berth.service.drain(5_000);
        await berth.close();
        await residue.expectNothing();
      } finally {
        // Its database names the images, so the folder goes last, whatever happens to them.
        await using _folder = { [Symbol.asyncDispose]: () => rm(dataDir, { recursive: true, force: true }) };
        if (backend === "docker") await removeSnapshotImages(dataDir);
      }
    },
  };
}
