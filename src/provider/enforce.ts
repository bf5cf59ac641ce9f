import { BerthError } from "../core/errors.ts";
import type { Capabilities, CapabilityName, SandboxSpec } from "./provider.ts";

/** The capabilities that a sandbox of this spec stands on. */
function required(spec: SandboxSpec): CapabilityName[] {
  const { profile, resources } = spec;
  const needs: CapabilityName[] = [
    profile.runtime === "runsc" ? "runtime_runsc" : "runtime_runc",
    profile.network === "host" ? "network_host" : "network_none",
    "memory_limit",
    "pids_limit",
    "cpu_limit",
  ];
  if (profile.seccomp !== "unconfined") needs.push("seccomp");
  if (profile.no_new_privs) needs.push("no_new_privs");
  if (profile.root_commands) needs.push("root_commands");
  if (resources.disk_mb !== undefined) needs.push("disk_quota");
  return needs;
}

/** Refuses a spec that the provider cannot enforce in full. @throws BerthError `capability_missing` naming each ability. */
export function assertEnforceable(provider: string, capabilities: Capabilities, spec: SandboxSpec): void {
  const missing = required(spec).filter((name) => !capabilities.has.has(name));
  if (missing.length === 0) return;
  const reasons = missing.map((name) => `${name} (${capabilities.gaps[name] ?? "not offered"})`);
  throw new BerthError(
    "capability_missing",
    `The provider ${provider} cannot enforce profile ${spec.profile.name}: ${reasons.join("; ")}.`,
  );
}
