import { once } from "node:events";
import { readFile, rm, stat } from "node:fs/promises";
import { connect as dial } from "node:net";
import { join } from "node:path";
import { guestPids } from "../provider.ts";
import { killCgroup, oomKills, type CgroupVersion } from "./cgroups.ts";
import { killAndWait, type ProcessIdentity } from "./init-process.ts";
import { launch, mountArguments } from "./launch.ts";
import type { OciRuntime, SpecDialect } from "./runtime.ts";
import type { Starter } from "./starter.ts";

/** The guest shares the host's kernel: its processes are the host's, and what it is handed stays open. */
const dialect: SpecDialect = {
  listen: "fd:3",
  passesFiles: true,
  showsCgroup: true,
  coversTmp: false,
  processLimits: (pids) => ({ cgroup: pids + guestPids, user: undefined }),
  seccomp: (filter) => filter,
};

/** Spares a process of milliseconds the threads and the collections of one that stays; nothing of it reaches the sandbox. */
const brief = ["--env", "GOGC=off", "--env", "GOMAXPROCS=1"];

/** runc, or another with its command line. */
export function createRunc(options: {
  readonly binary: string;
  readonly root: string;
  readonly starter: Starter;
  readonly cgroups: CgroupVersion;
}): OciRuntime {
  const { binary, root, starter, cgroups } = options;
  /** Of containers that were asked about, as a version of their state tells it: the state repeats the whole configuration. */
  const known = new Map<string, { readonly version: string; readonly identity: ProcessIdentity }>();

  async function process(id: string): Promise<ProcessIdentity | undefined> {
    const file = join(root, id, "state.json");
    const facts = await stat(file, { bigint: true }).catch(() => undefined);
    if (facts === undefined) return undefined;
    const version = `${facts.ino} ${facts.mtimeNs}`;
    const before = known.get(id);
    if (before?.version === version) return before.identity;
    const identity = await readIdentity(file);
    if (identity) known.set(id, { version, identity });
    return identity;
  }

  return {
    name: "runc",
    dialect,

    async run(run) {
      const { id, bundle, socket, oomCounter } = run;
      const handed = ["--socket", socket, ...(oomCounter === undefined ? [] : ["--oom-events", oomCounter])];
      const files = oomCounter === undefined ? "1" : "2";
      const command = [binary, "--root", root, "run", "--detach", "--preserve-fds", files, "--bundle", bundle, id];
      await launch(starter, [...brief, ...handed, ...mountArguments(run)], command, run);
    },

    async connect({ socket }, signal) {
      const stream = dial(socket);
      try {
        await once(stream, "connect", { signal });
        return stream;
      } catch (thrown) {
        stream.destroy();
        throw thrown;
      }
    },

    process,

    endedByLimit: async (id) => ((await oomKills(cgroups, id)) ?? 0) > 0,

    async kill(id, deadlineMs) {
      const init = await process(id);
      if (init !== undefined && !(await killAndWait(init, deadlineMs))) return false;
      // A start that was broken off may have left a process that runc has not noted.
      return await killCgroup(cgroups, id, deadlineMs);
    },

    // What `runc delete` does for a container of which no process is left, besides its cgroups.
    async remove(id) {
      known.delete(id);
      await rm(join(root, id), { recursive: true, force: true });
    },
  };
}

/** The container's first process, from runc's state of it; undefined when there is none or it has been removed. */
async function readIdentity(file: string): Promise<ProcessIdentity | undefined> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const state = JSON.parse(text) as { init_process_pid?: number; init_process_start?: number };
  if (!state.init_process_pid || state.init_process_start === undefined) return undefined;
  return { pid: state.init_process_pid, startTime: String(state.init_process_start) };
}
