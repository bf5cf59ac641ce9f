/** A system call filter in the form of the OCI runtime specification, as read from sandbox-profiles/seccomp/. */
export interface SeccompFilter {
  readonly syscalls?: readonly SeccompRule[];
  readonly [field: string]: unknown;
}

export interface SeccompRule {
  readonly names: readonly string[];
  readonly action: string;
  readonly errnoRet?: number;
  readonly [field: string]: unknown;
}
