import { describe, expect, it } from "vitest";
import { capabilitiesOf } from "../../../../src/provider/docker/capabilities.ts";
import { factsOf } from "../../../../src/provider/docker/probe.ts";
import { capabilityNames } from "../../../../src/provider/provider.ts";

const info = {
  OSType: "linux",
  ServerVersion: "20.10.24",
  CgroupVersion: "2",
  Driver: "overlay2",
  Architecture: "x86_64",
  Runtimes: { runc: {}, runsc: {} },
  SecurityOptions: ["name=seccomp,profile=default", "name=cgroupns"],
  MemoryLimit: true,
  PidsLimit: true,
  CpuCfsQuota: true,
};

describe("what the docker provider can enforce", () => {
  it("is everything but gVisor and user namespaces on a complete daemon", () => {
    const { has, gaps } = capabilitiesOf(factsOf(info), undefined).runc;
    expect(capabilityNames.filter((name) => !has.has(name))).toEqual(["runtime_runsc", "user_namespace"]);
    expect(Object.keys(gaps).toSorted()).toEqual(["runtime_runsc", "user_namespace"]);
  });

  it("lacks, with a reason, what the daemon lacks", () => {
    const bare = factsOf({
      ...info,
      Runtimes: { runc: {} },
      SecurityOptions: ["name=rootless"],
      MemoryLimit: false,
      PidsLimit: false,
    });
    const { has, gaps } = capabilitiesOf(bare, "it is rootless").runc;
    const missing = capabilityNames.filter((name) => !has.has(name));
    expect(missing).toEqual([
      "runtime_runsc",
      "seccomp",
      "memory_limit",
      "pids_limit",
      "disk_quota",
      "inode_quota",
      "user_namespace",
      "oom_reported",
    ]);
    expect(Object.keys(gaps).toSorted()).toEqual(missing.toSorted());
    expect(gaps.memory_limit).toContain("rootless");
    expect(gaps.disk_quota).toBe("it is rootless");
  });

  it("takes a daemon that does not tell its cgroup version for an old one", () => {
    const { CgroupVersion: _, ...old } = info;
    expect(factsOf(old).cgroupVersion).toBe(1);
    expect(factsOf(info).cgroupVersion).toBe(2);
  });
});
