import { describe, expect, it } from "vitest";
import { layerDisks } from "../../../../src/provider/docker/layer-disk.ts";
import { factsOf } from "../../../../src/provider/docker/probe.ts";

const info = { OSType: "linux", Driver: "overlay2", DockerRootDir: "/no/such/folder" };
const disks = layerDisks({ templates: "/no/such/folder", guestBinary: "/no/such/guest" });
const here = { socketPath: "/run/docker.sock" };

describe("disks for the layers of containers", () => {
  it("are not offered, with the reason and the way out, by a daemon that cannot have them", async () => {
    const remote = await disks.obstacle(factsOf(info), { host: "docker.example", port: 2375 });
    expect(remote).toMatch(/remote; use the provider oci, or .*standard-unlimited-disk/);
    const rootless = factsOf({ ...info, SecurityOptions: ["name=rootless"] });
    expect(await disks.obstacle(rootless, here)).toMatch(/rootless/);
    expect(await disks.obstacle(factsOf({ ...info, Driver: "btrfs" }), here)).toMatch(/storage driver is btrfs/);
    expect(await disks.obstacle(factsOf(info), here)).toMatch(/not on the controller's machine|needs root/);
  });
});
