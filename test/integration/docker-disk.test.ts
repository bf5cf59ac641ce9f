import { lstat, mkdtemp, readdir, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import Dockerode, { type ContainerInspectInfo } from "dockerode";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { silentLogger } from "../../src/core/log.ts";
import type { Resources } from "../../src/model/resources.ts";
import { createDockerProvider } from "../../src/provider/docker/docker-provider.ts";
import { layerDisks } from "../../src/provider/docker/layer-disk.ts";
import { probeDocker } from "../../src/provider/docker/probe.ts";
import type { Provider, SandboxSpec } from "../../src/provider/provider.ts";
import { Bench } from "../conformance/bench.ts";
import { dockerConnection, guestBinary, loopDevicesOf, profileNamed } from "../support/providers.ts";

const root = new URL("../../", import.meta.url).pathname;
const client = new Dockerode(dockerConnection);
const diskLimits = { disk_mb: 64, inodes: 4096 };

describe("the disk of a container's layer", () => {
  let dataDir: string;
  let provider: Provider;
  let bench: Bench;
  let reason: string | undefined;

  beforeAll(async () => {
    const probe = await probeDocker({ docker: dockerConnection, guestBinary });
    reason = probe.works ? undefined : probe.reasons.map(({ what }) => what).join("; ");
    if (reason !== undefined) return;
    dataDir = await mkdtemp(join(tmpdir(), "berth-docker-disk-"));
    provider = await createDockerProvider({
      docker: dockerConnection,
      dataDir,
      guestBinary,
      seccompDir: join(root, "sandbox-profiles/seccomp"),
      imagesDir: join(root, "images"),
      log: silentLogger,
    });
    reason = provider.capabilities.runc.gaps.disk_quota;
    const under = {
      runtime: "runc" as const,
      provider,
      image: "base",
      restart: async () => {},
      residue: async () => [],
      cleanup: async () => {},
    };
    bench = new Bench(under, { standard: await profileNamed("standard"), trusted: await profileNamed("trusted") });
  });

  beforeEach((context) => {
    if (reason !== undefined) context.skip(reason);
  });

  afterEach(async () => {
    if (bench === undefined) return;
    for (const handle of await provider.list(bench.owner)) await provider.destroy(handle);
  });

  afterAll(async () => {
    if (provider === undefined) return;
    await provider.close();
    await rm(dataDir, { recursive: true });
  });

  const inspect = (id: string) => client.getContainer(`berth-${id}`).inspect();
  const layerOf = (container: ContainerInspectInfo) =>
    dirname((container.GraphDriver.Data as unknown as { UpperDir: string }).UpperDir);
  const standing = (path: string) =>
    lstat(path)
      .then(() => true)
      .catch(() => false);
  const limited = (more: Partial<Resources> = {}) => ({ resources: { ...diskLimits, ...more } });

  async function expectNothingLeft(layer: string): Promise<void> {
    expect({ layer: await standing(layer), loops: await loopDevicesOf(dataDir) }).toEqual({ layer: false, loops: [] });
    expect((await readdir(join(dataDir, "docker/disks"))).filter((name) => !name.startsWith("ext4-"))).toEqual([]);
  }

  it("is what the sandbox sees as its root: full inside, while siblings write on and the daemon's disk has not grown", async () => {
    await using berth = await bench.berth(limited());
    await using sibling = await bench.berth(limited());
    const layers = dirname(layerOf(await inspect(berth.handle.id)));
    const before = await statfs(layers);
    for (const place of ["/workspace", "/tmp", "/home/agent", "/var/tmp"]) {
      const fill = await berth.sh(`cat /dev/zero > ${place}/fill; df -P ${place} | tail -1`, { timeoutMs: 60_000 });
      expect(fill.stderr.head, place).toMatch(/no space left/i);
    }
    expect((await sibling.sh("head -c 1M /dev/zero > file && wc -c < file")).stdout.head).toBe("1048576\n");
    const after = await statfs(layers);
    expect((before.bavail - after.bavail) * before.bsize).toBeLessThan(256 * 2 ** 20);
    expect(await loopDevicesOf(dataDir)).toHaveLength(2);
  });

  it("takes under gVisor too, /tmp included", async (context) => {
    const gaps = provider.capabilities.runsc.gaps;
    const hindrance = gaps.runtime_runsc ?? gaps.seccomp ?? gaps.disk_quota;
    if (hindrance !== undefined) context.skip(hindrance);
    const profile = { ...bench.profiles.standard, runtime: "runsc" as const };
    await using berth = await bench.berth({ ...limited({ disk_mb: 32 }), profile });
    for (const place of ["/workspace", "/tmp"]) {
      const fill = await berth.sh(`cat /dev/zero > ${place}/fill; rm ${place}/fill`, { timeoutMs: 60_000 });
      expect(fill.stderr.head, place).toMatch(/no space left/i);
    }
    expect((await berth.guest.health()).bootId).toBe(berth.guest.handshake.bootId);
  });

  it("leaves nothing behind: no mount, no loop device, no file", async () => {
    const { handle, spec } = await bench.created(limited());
    const layer = layerOf(await inspect(spec.id));
    await provider.destroy(handle);
    await expectNothingLeft(layer);
  });

  it("leaves nothing behind when the container is removed by hand while it runs", async () => {
    const { handle, spec } = await bench.created(limited());
    const layer = layerOf(await inspect(spec.id));
    await client.getContainer(`berth-${spec.id}`).remove({ force: true, v: true });
    await expectNothingLeft(layer);
    await provider.destroy(handle);
  });

  it("leaves nothing behind of a controller that died between the mount and the start", async () => {
    const spec = await bench.spec(limited());
    const created = await createdOnly(spec);
    await layerDisks({ templates: join(dataDir, "docker/disks"), guestBinary }).cover(created, {
      megabytes: 64,
      inodes: 4096,
    });
    expect(await loopDevicesOf(dataDir)).toHaveLength(1);
    const [left] = await provider.list(bench.owner);
    await provider.destroy(left!);
    await expectNothingLeft(layerOf(created));
  });

  it("is given once to a sandbox that an earlier controller had begun", async () => {
    const spec = await bench.spec(limited());
    const created = await createdOnly(spec);
    const disks = layerDisks({ templates: join(dataDir, "docker/disks"), guestBinary });
    await disks.cover(created, { megabytes: 64, inodes: 4096 });
    const handle = await provider.create(spec);
    expect(await loopDevicesOf(dataDir)).toHaveLength(1);
    const guest = await bench.guestOf(handle);
    await guest.close();
    await provider.destroy(handle);
    await expectNothingLeft(layerOf(created));
  });

  it("is part of a snapshot's content, whose sandboxes have disks of their own or none", async () => {
    const builder = await bench.berth(limited());
    await builder.sh("echo kept > file");
    await using snapshot = await bench.snapshotOf(builder);
    for (const size of [{ disk_mb: 16 }, {}]) {
      await using later = await bench.berth({ base: snapshot.base, resources: size });
      expect((await later.sh("cat file; ls /")).stdout.head).toMatch(/^kept\n(?![^]*lost\+found)/);
      expect(await loopDevicesOf(dataDir)).toHaveLength("disk_mb" in size ? 1 : 0);
    }
    expect(await loopDevicesOf(dataDir)).toEqual([]);
  });

  it("that is gone makes a snapshot impossible instead of empty", async () => {
    const spec = await bench.spec(limited());
    const created = await createdOnly(spec);
    const [handle] = await provider.list(bench.owner);
    await expect(provider.snapshots.commit(handle!, bench.newKey())).rejects.toMatchObject({ code: "sandbox_lost" });
    await provider.destroy(handle!);
    await expectNothingLeft(layerOf(created));
  });

  it("that the daemon does not see fails the create", async () => {
    const spec = await bench.spec();
    const handle = await provider.create(spec);
    const disks = layerDisks({ templates: join(dataDir, "docker/disks"), guestBinary });
    await expect(disks.assertTook(await inspect(spec.id))).rejects.toMatchObject({
      code: "capability_missing",
      remedy: expect.stringContaining("standard-unlimited-disk"),
    });
    await provider.destroy(handle);
  });

  /** As far as a controller comes that dies before the start. */
  async function createdOnly(spec: SandboxSpec): Promise<ContainerInspectInfo> {
    const made = await provider.create(spec);
    const like = await inspect(spec.id);
    await provider.destroy(made);
    const container = await client.createContainer({
      ...like.Config,
      name: `berth-${spec.id}`,
      HostConfig: like.HostConfig,
    });
    return await container.inspect();
  }
});
