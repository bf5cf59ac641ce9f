import type { SeccompFilter } from "./runtime.ts";

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
