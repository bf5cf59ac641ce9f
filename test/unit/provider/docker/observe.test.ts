import { describe, expect, it } from "vitest";
import { linuxCapabilities } from "../../../../src/model/linux-capabilities.ts";
import { profile } from "../../../../src/model/profile.ts";
import { resources } from "../../../../src/model/resources.ts";
import { containerConfig } from "../../../../src/provider/docker/container-config.ts";
import { keptByDaemon } from "../../../../src/provider/docker/observe.ts";
import { guestCapabilities, guestPids } from "../../../../src/provider/provider.ts";

const asked = containerConfig(
  {
    id: "a1",
    labels: { owner: "me", purpose: "rollout-1", incarnation: "i1" },
    base: { kind: "snapshot", key: "0".repeat(64) },
    profile: profile.parse({ name: "standard", description: "d", seccomp: "standard", masked_paths: ["/proc/keys"] }),
    resources: resources.parse({ cpus: 0.5, memory_mb: 512 }),
    workdir: "/workspace",
    expiresAtMs: 0,
  },
  { image: "i", guestVolume: "v", seccomp: "{}", cgroupVersion: 2 },
).HostConfig;
const kept = asked ?? {};

describe("what a daemon keeps of a container", () => {
  it("says what was asked, when nothing was changed", () => {
    expect(keptByDaemon(kept)).toEqual({
      runtime: "runc",
      capabilities: guestCapabilities,
      noNewPrivileges: true,
      seccomp: 2,
      hostNamespaces: [],
      memoryBytes: 512 * 1024 * 1024,
      memoryAndSwapBytes: 512 * 1024 * 1024,
      pids: 256 + guestPids,
      cpus: 0.5,
      openFiles: 16_384,
      network: "none",
      maskedPaths: ["/proc/keys"],
      readOnlyPaths: [],
      hostPaths: [],
      devices: [],
    });
  });

  it.each([
    [{ Privileged: true }, { capabilities: linuxCapabilities, seccomp: 0 }],
    [{ CapAdd: ["ALL"] }, { capabilities: linuxCapabilities }],
    [{ CapAdd: ["SYS_ADMIN"] }, { capabilities: ["CAP_SYS_ADMIN"] }],
    [{ CapDrop: [] }, { capabilities: null }],
    [{ SecurityOpt: ["seccomp=unconfined"] }, { seccomp: 0, noNewPrivileges: false }],
    [{ SecurityOpt: [] }, { seccomp: null, noNewPrivileges: false }],
    [
      { Memory: 0, MemorySwap: -1, PidsLimit: 0 },
      { memoryBytes: "none", memoryAndSwapBytes: "none", pids: "none" },
    ],
    [{ CpuQuota: 0 }, { cpus: "none" }],
    [{ NanoCpus: 2e9 }, { cpus: 2 }],
    [{ PidMode: "host", IpcMode: "host", UTSMode: "host" }, { hostNamespaces: ["pid", "ipc", "uts"] }],
    [{ NetworkMode: "host" }, { network: "host", hostNamespaces: ["net"] }],
    [{ NetworkMode: "bridge" }, { network: "own" }],
    [{ Binds: ["/:/host"] }, { hostPaths: ["/:/host"] }],
    [{ Mounts: [{ Type: "bind" as const, Source: "/etc", Target: "/x" }] }, { hostPaths: ["/etc"] }],
    [{ Devices: [{ PathOnHost: "/dev/kvm" }] }, { devices: ["/dev/kvm"] }],
    [{ DeviceCgroupRules: ["a *:* rwm"] }, { devices: ["a *:* rwm"] }],
    [{ Runtime: "other" }, { runtime: null }],
  ])("%j shows as %j", (change, seen) => {
    expect(keptByDaemon({ ...kept, ...change })).toMatchObject(seen);
  });
});
