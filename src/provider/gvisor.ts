import type { Obstacles } from "./capabilities.ts";
import { guestPids } from "./provider.ts";
import type { SeccompFilter } from "./seccomp-filter.ts";

/** What no sandbox under gVisor has, whoever starts it. */
export const gvisorGaps = {
  network_host: "gVisor runs without a network here; setup steps that need one run under runc",
  oom_reported: "under gVisor lack of memory ends the sandbox, which says so, and not the command alone",
  user_namespace: "gVisor puts its own kernel into a user namespace of the host, and the guest is root on that kernel",
  job_control:
    "gVisor's terminals make no signal of Ctrl-C, and only a program itself learns which one has its terminal and where it is",
  guest_hidden: "gVisor's /proc shows the guest's environment, memory map and list of descriptors to every user",
} as const satisfies Obstacles;

/**
 * One process inside is several threads on the host, and with ptrace as many as there are threads of gVisor that ever ran it. A sandbox that
 * needs more than these is killed by its own doing.
 */
const HOST_THREADS_EACH = 64;
const MAX_HOST_THREADS = 8192;

/**
 * How `pids` processes and threads of the tools are bounded: those of the tool user by RLIMIT_NPROC, which gVisor counts within the
 * sandbox, and the threads of its kernel by the cgroup.
 */
export const gvisorProcessLimits = (pids: number): { readonly cgroup: number; readonly user: number } => ({
  cgroup: Math.min((pids + guestPids) * HOST_THREADS_EACH, MAX_HOST_THREADS),
  user: pids,
});

const ENOSYS = 38;

/**
 * The filter as gVisor enforces it. Releases until 2025 answer every refused call with EPERM, whatever number the filter names; a call that
 * a tracer is to decide and that has none they answer with ENOSYS, which programs take as a sign to do without.
 */
export const forGvisor = (filter: SeccompFilter): SeccompFilter => ({
  ...filter,
  ...(filter.syscalls && {
    syscalls: filter.syscalls.map(({ errnoRet, ...rule }) =>
      rule.action === "SCMP_ACT_ERRNO" && errnoRet === ENOSYS
        ? { ...rule, action: "SCMP_ACT_TRACE" }
        : { ...rule, ...(errnoRet === undefined ? {} : { errnoRet }) },
    ),
  }),
});
