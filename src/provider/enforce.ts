import { BerthError } from "../core/errors.ts";
import type { CapabilityName, Provider, SandboxSpec } from "./provider.ts";

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
  if (profile.user_namespace === "required") needs.push("user_namespace");
  if (resources.disk_mb !== undefined) needs.push("disk_quota");
  if (resources.inodes !== undefined) needs.push("inode_quota");
  return needs;
}

/** Refuses a spec that the provider cannot enforce in full. @throws BerthError `capability_missing` naming each ability. */
export function assertEnforceable(provider: string, capabilities: Provider["capabilities"], spec: SandboxSpec): void {
  const { has, gaps } = capabilities[spec.profile.runtime];
  const missing = required(spec).filter((name) => !has.has(name));
  if (missing.length === 0) return;
  const reasons = missing.map((name) => `${name} (${gaps[name] ?? "not offered"})`);
  throw new BerthError(
    "capability_missing",
    `The provider ${provider} cannot enforce profile ${spec.profile.name}: ${reasons.join("; ")}.`,
  );
}
