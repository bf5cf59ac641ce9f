import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { z } from "zod";
import { BerthError } from "../../core/errors.ts";
import { forGvisor, gvisorProcessLimits } from "../gvisor.ts";
import { isInCgroup, killCgroup, oomKills, pidsRefused, removeCgroups, type CgroupVersion } from "./cgroups.ts";
import { identify, type ProcessIdentity } from "./init-process.ts";
import { launch, mountArguments } from "./launch.ts";
import { dialByExec } from "./exec-dial.ts";
import type { OciRuntime, SpecDialect } from "./runtime.ts";
import type { Starter } from "./starter.ts";
import { GUEST_PATH } from "./runtime-spec.ts";
import { platformFlags, type GvisorPlatform } from "./runtime-version.ts";

const REMOVE_DEADLINE_MS = 30_000;

const address = "unix:/run/berth/listen/guest";

/** The guest runs on a kernel of its own, which takes no open files and counts the tool user's processes by itself. */
const dialect: SpecDialect = {
  listen: address,
  passesFiles: false,
  showsCgroup: false,
  coversTmp: true,
  processLimits: gvisorProcessLimits,
  seccomp: forGvisor,
};

const state = z.object({ sandbox: z.object({ pid: z.number().int().min(0) }) });

export function createRunsc(options: {
  readonly binary: string;
  readonly version: string;
  readonly platform: GvisorPlatform;
  readonly root: string;
  readonly starter: Starter;
  readonly cgroups: CgroupVersion;
}): OciRuntime {
  const { binary, version, platform, root, starter, cgroups } = options;
  // Writes go to the root that the launcher mounted: an overlay of gVisor's own would keep them from the disk and its limits.
  const flags = [
    "--root",
    root,
    "--network=none",
    "--oci-seccomp",
    "--overlay2=none",
    ...platformFlags(platform, version),
  ];
  const stateFile = (id: string) => join(root, `${id}_sandbox:${id}.state`);

  async function readState(id: string): Promise<z.infer<typeof state> | undefined> {
    const text = await readFile(stateFile(id), "utf8").catch(() => undefined);
    return text === undefined ? undefined : state.parse(JSON.parse(text));
  }

  return {
    name: "runsc",
    dialect,

    async run(run) {
      // It joins a cgroup that is there as it finds it, without the limits.
      await removeCgroups(cgroups, run.id);
      const command = [binary, ...flags, "run", "--detach", "--bundle", run.bundle, run.id];
      await launch(starter, mountArguments(run), command, run);
    },

    connect: ({ id }, signal) => dialByExec([binary, ...flags, "exec", id, GUEST_PATH, "dial", address], signal),

    async process(id): Promise<ProcessIdentity | undefined> {
      const known = await readState(id);
      if (known === undefined) return undefined;
      const { pid } = known.sandbox;
      // gVisor does not note when its process started; none but the sandbox's own is in its cgroup.
      const identity = (await isInCgroup(pid, id)) ? await identify(pid) : undefined;
      return identity ?? { pid, startTime: "unknown" };
    },

    endedByLimit: async (id) => ((await oomKills(cgroups, id)) ?? 0) > 0 || (await pidsRefused(cgroups, id)) > 0,

    kill: (id, deadlineMs) => killCgroup(cgroups, id, deadlineMs),

    async remove(id) {
      if ((await readState(id)) === undefined) return;
      const result = await execa(binary, [...flags, "delete", "--force", id], {
        timeout: REMOVE_DEADLINE_MS,
        reject: false,
      });
      if (result.exitCode !== 0 || (await readState(id)) !== undefined) {
        throw new BerthError("teardown_failed", `runsc could not remove ${id}: ${result.stderr.slice(-500)}`);
      }
    },
  };
}
