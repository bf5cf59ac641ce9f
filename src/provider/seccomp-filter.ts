/** A system call filter in the form of the OCI runtime specification, as read from sandbox-profiles/seccomp/. */
export interface SeccompFilter {
  readonly architectures?: readonly string[];
  readonly syscalls?: readonly SeccompRule[];
  readonly [field: string]: unknown;
}

export interface SeccompRule {
  readonly names: readonly string[];
  readonly action: string;
  readonly errnoRet?: number;
  readonly [field: string]: unknown;
}

/** The architectures whose system calls a machine takes, by what `uname -m` calls it. */
const families: Readonly<Record<string, readonly string[]>> = {
  x86_64: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
  aarch64: ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"],
};

/**
 * The filter without the architectures that the machine cannot run: a runtime compiles it anew at each start, once for each. Unchanged
 * where none would be left, or for a machine that is not known.
 */
export function forMachine(filter: SeccompFilter, machine: string): SeccompFilter {
  const architectures = filter.architectures?.filter((name) => families[machine]?.includes(name));
  return architectures?.length ? { ...filter, architectures } : filter;
}
