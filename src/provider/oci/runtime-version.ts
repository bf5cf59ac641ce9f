import { execa } from "execa";

const DEADLINE_MS = 10_000;

/** Releases before this day have no other platform that works without hardware virtualization. */
const FIRST_WITH_SYSTRAP = 20_230_501;

/** What intercepts the system calls of a sandbox. `auto` is ptrace for releases that have nothing better, else the release's own choice. */
export type GvisorPlatform = "auto" | "ptrace" | "systrap" | "kvm";

/** What `--version` of an OCI runtime says, or undefined where it does not run. */
export async function runtimeVersion(binary: string): Promise<string | undefined> {
  const result = await execa(binary, ["--version"], { reject: false, timeout: DEADLINE_MS });
  return result.exitCode === 0 ? /version\s+(\S+)/.exec(result.stdout)?.[1] : undefined;
}

/** The flags that make runsc use the platform. Versions carry the day of their release: `release-20240701.0`, Debian's `0.0~20221219.0`. */
export function platformFlags(platform: GvisorPlatform, version: string): string[] {
  if (platform !== "auto") return [`--platform=${platform}`];
  const day = /(20\d{6})/.exec(version)?.[1];
  return day !== undefined && Number(day) < FIRST_WITH_SYSTRAP ? ["--platform=ptrace"] : [];
}
