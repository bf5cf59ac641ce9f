import { describe, expect, it } from "vitest";
import { profile } from "../../../../src/model/profile.ts";
import { resources } from "../../../../src/model/resources.ts";
import { containerConfig, type ContainerParts } from "../../../../src/provider/docker/container-config.ts";
import { guestCapabilities, type SandboxSpec } from "../../../../src/provider/provider.ts";

const standard = profile.parse({ name: "standard", description: "d", seccomp: "standard" });
const spec: SandboxSpec = {
  id: "a1",
  labels: { owner: "me", purpose: "rollout-1", incarnation: "i1" },
  base: { kind: "snapshot", key: "0".repeat(64) },
  profile: standard,
  resources: resources.parse({ cpus: 1.5, memory_mb: 512, pids: 100 }),
  workdir: "/workspace",
  expiresAtMs: 1_700_000_000_000,
};
const parts: ContainerParts = { image: "img", guestVolume: "berth-guest-x", seccomp: '{"a":1}', cgroupVersion: 1 };

const trusted = {
  ...spec,
  profile: { ...standard, root_commands: true, no_new_privs: false, network: "host" as const },
};

describe("containerConfig", () => {
  const config = containerConfig(spec, parts);

  it("runs the guest as root and takes nothing over that the image declares", () => {
    expect(config).toMatchObject({
      name: "berth-a1",
      Image: "img",
      Hostname: "berth",
      User: "0:0",
      Entrypoint: ["/.berth/guest"],
      Healthcheck: { Test: ["NONE"] },
    });
    const expected =
      "serve --listen unix:/run/berth/guest.sock --root /workspace --home /home/agent --uid 1000 --gid 1000 --expires-at 1700000000000";
    expect(config.Cmd).toEqual(expected.split(" "));
  });

  it("gives commands the tool user's home and not the container's host name", () => {
    expect(config.Env).toEqual(["HOME=/home/agent", "HOSTNAME"]);
  });

  it("drops every capability but what the guest and the profile name", () => {
    expect(config.HostConfig).toMatchObject({ CapDrop: ["ALL"], CapAdd: [...guestCapabilities], Privileged: false });
    const more = { ...spec, profile: { ...standard, capabilities: ["CAP_MKNOD", "CAP_KILL"] } };
    expect(containerConfig(more, parts).HostConfig?.CapAdd).toEqual([...guestCapabilities, "CAP_MKNOD"]);
  });

  it("sets every limit, and no swap", () => {
    expect(config.HostConfig).toMatchObject({
      Memory: 512 * 2 ** 20,
      MemorySwap: 512 * 2 ** 20,
      PidsLimit: 132,
      CpuPeriod: 100_000,
      CpuQuota: 150_000,
      ShmSize: 64 * 2 ** 20,
      LogConfig: { Type: "none" },
    });
  });

  it("keeps shared memory below the memory limit", () => {
    const small = { ...spec, resources: { ...spec.resources, memory_mb: 64 } };
    expect(containerConfig(small, parts).HostConfig?.ShmSize).toBe(16 * 2 ** 20);
  });

  it("has no network, or the default bridge where the profile gives one", () => {
    expect(config.HostConfig?.NetworkMode).toBe("none");
    expect(containerConfig(trusted, parts).HostConfig?.NetworkMode).toBe("bridge");
  });

  it("passes the seccomp profile inline and forbids new privileges unless the profile allows them", () => {
    expect(config.HostConfig?.SecurityOpt).toEqual(["no-new-privileges:true", 'seccomp={"a":1}']);
    expect(containerConfig(trusted, { ...parts, seccomp: undefined }).HostConfig?.SecurityOpt).toEqual([
      "no-new-privileges:false",
      "seccomp=unconfined",
    ]);
  });

  it("allows root commands only for a profile that asks for them", () => {
    expect(config.Cmd).not.toContain("--allow-root");
    expect(containerConfig(trusted, parts).Cmd).toContain("--allow-root");
  });

  it("mounts volumes only: the guest read-only, and the sandbox's own state", () => {
    expect(config.HostConfig?.Binds).toBeUndefined();
    expect(config.HostConfig?.Mounts).toMatchObject([
      { Type: "volume", Source: "berth-guest-x", Target: "/.berth", ReadOnly: true },
      { Type: "volume", Source: "", Target: "/run/berth", ReadOnly: false },
    ]);
  });

  it("counts processes inside under gVisor, whose kernel takes several threads of the host for each", () => {
    const { HostConfig } = containerConfig({ ...spec, profile: { ...standard, runtime: "runsc" } }, parts);
    expect(HostConfig).toMatchObject({ Runtime: "runsc", PidsLimit: 8192 });
    expect(HostConfig?.Ulimits).toContainEqual({ Name: "nproc", Soft: 100, Hard: 100 });
    expect(config.HostConfig?.Ulimits?.map(({ Name }) => Name)).toEqual(["nofile", "core"]);
  });

  it("says on its label that its layer is on a disk", () => {
    const limited = { ...spec, resources: { ...spec.resources, disk_mb: 64 } };
    expect(containerConfig(limited, parts).Labels).toMatchObject({ "berth.disk-mb": "64" });
    expect(config.Labels).not.toHaveProperty("berth.disk-mb");
  });

  it("has a cgroup namespace of its own under cgroup v2", () => {
    expect(config.HostConfig).not.toHaveProperty("CgroupnsMode");
    expect(containerConfig(spec, { ...parts, cgroupVersion: 2 }).HostConfig).toMatchObject({ CgroupnsMode: "private" });
  });

  it("is labelled with its owner, purpose, incarnation and expiry", () => {
    expect(config.Labels).toEqual({
      "berth.sandbox": "a1",
      "berth.owner": "me",
      "berth.purpose": "rollout-1",
      "berth.incarnation": "i1",
      "berth.expires-at": "1700000000000",
    });
  });
});
