import { describe, expect, it } from "vitest";
import { capabilitiesOf } from "../../../../src/provider/docker/capabilities.ts";
import { factsOf } from "../../../../src/provider/docker/probe.ts";
import { capabilityNames, type Capabilities } from "../../../../src/provider/provider.ts";

const registered = { path: "/usr/bin/runsc", runtimeArgs: ["--platform=ptrace", "--oci-seccomp", "--overlay2=none"] };
const info = {
  OSType: "linux",
  ServerVersion: "20.10.24",
  CgroupVersion: "2",
  Driver: "overlay2",
  Architecture: "x86_64",
  Runtimes: { runc: { path: "runc" }, runsc: registered },
  SecurityOptions: ["name=seccomp,profile=default", "name=cgroupns"],
  MemoryLimit: true,
  PidsLimit: true,
  CpuCfsQuota: true,
};

/** The missing ones, after each was seen to have its reason. */
function missing({ has, gaps }: Capabilities): string[] {
  const names = capabilityNames.filter((name) => !has.has(name));
  expect(Object.keys(gaps).toSorted()).toEqual(names.toSorted());
  return names;
}

const gvisorsOwn = ["network_host", "user_namespace", "oom_reported", "guest_hidden", "job_control"];

describe("what the docker provider can enforce", () => {
  it("is everything but user namespaces on a complete daemon", () => {
    expect(missing(capabilitiesOf(factsOf(info), undefined).runc)).toEqual(["user_namespace"]);
  });

  it("is under gVisor what a kernel in user space can do", () => {
    expect(missing(capabilitiesOf(factsOf(info), undefined).runsc)).toEqual(gvisorsOwn);
  });

  it("takes nothing for enforced that gVisor was not registered to enforce", () => {
    for (const runsc of [{ path: "/usr/bin/runsc" }, { ...registered, runtimeArgs: ["--platform=ptrace"] }]) {
      const { runc, runsc: bare } = capabilitiesOf(factsOf({ ...info, Runtimes: { runc: {}, runsc } }), undefined);
      expect(missing(bare).toSorted()).toEqual([...gvisorsOwn, "seccomp", "disk_quota", "inode_quota"].toSorted());
      expect(bare.gaps.seccomp).toContain("--oci-seccomp");
      expect(bare.gaps.disk_quota).toContain("--overlay2=none");
      expect(missing(runc)).toEqual(["user_namespace"]);
    }
  });

  it("lacks, with a reason, what the daemon lacks", () => {
    const bare = factsOf({
      ...info,
      Runtimes: { runc: {} },
      SecurityOptions: ["name=rootless"],
      MemoryLimit: false,
      PidsLimit: false,
    });
    const { runc } = capabilitiesOf(bare, "it is rootless");
    expect(missing(runc)).toEqual([
      "runtime_runsc",
      "seccomp",
      "memory_limit",
      "pids_limit",
      "disk_quota",
      "inode_quota",
      "user_namespace",
      "oom_reported",
    ]);
    expect(runc.gaps.memory_limit).toContain("rootless");
    expect(runc.gaps.disk_quota).toBe("it is rootless");
  });

  it("takes a daemon that does not tell its cgroup version for an old one", () => {
    const { CgroupVersion: _, ...old } = info;
    expect(factsOf(old).cgroupVersion).toBe(1);
    expect(factsOf(info).cgroupVersion).toBe(2);
  });
});
