import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { chmod, chown, link, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { Readable } from "node:stream";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { exportLayer } from "../../../src/guest/export-layer.ts";
import { readBlob } from "../../../src/provider/kubernetes/registry/blobs.ts";
import { imageConfig } from "../../../src/provider/kubernetes/registry/image-manifest.ts";
import { Registry } from "../../../src/provider/kubernetes/registry/registry.ts";
import { RegistrySnapshots, type BuildAccess } from "../../../src/provider/kubernetes/snapshots/snapshot-store.ts";
import type { SandboxHandle } from "../../../src/provider/provider.ts";
import { startInFolder, whyNoChroot } from "../../support/chroot-guest.ts";
import { pushFolder } from "../../support/image-of-folder.ts";
import { startRegistry, whyNoRegistry, type RegistryProcess } from "../../support/registry-process.ts";

const why = whyNoRegistry() ?? whyNoChroot();
const run = promisify(execFile);
const handle: SandboxHandle = {
  id: "build-1",
  provider: "kubernetes",
  labels: { owner: "installation", purpose: "build:key", incarnation: "1" },
};
const newKey = () => createHash("sha256").update(randomBytes(8)).digest("hex");

describe("snapshots in a registry", () => {
  beforeEach((context) => {
    if (why !== undefined) context.skip(why);
  });

  let process: RegistryProcess;
  let registry: Registry;
  let folder: string;

  beforeAll(async () => {
    if (why !== undefined) return;
    process = await startRegistry();
    registry = new Registry({ insecure: [process.address], credentials: "", architecture: "amd64" });
    folder = await mkdtemp(join(tmpdir(), "berth-snapshots-"));
  });
  afterAll(async () => {
    if (why !== undefined) return;
    await process[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const destroyed: string[] = [];
  afterEach(() => void destroyed.splice(0));

  function store(access: Partial<BuildAccess> = {}, limits?: { entries: number; bytes: number }) {
    const source = { registry, prefix: `${process.address}/berth` };
    const none = async () => {
      throw new Error("not asked for");
    };
    const destroy = async ({ id }: SandboxHandle) => void destroyed.push(id);
    return new RegistrySnapshots(source, { imageOf: none, openLayer: none, destroy, ...access }, limits);
  }

  const place = (name: string) => ({ registry: process.address, repository: `berth/${name}`, version: "latest" });

  /** A root to begin with, pushed as the image `base`, and resolved. */
  async function base() {
    const root = await mkdtemp(join(folder, "root-"));
    for (const name of ["etc/passwd", "opt/tools/old", "opt/stays"]) {
      await mkdir(dirname(join(root, name)), { recursive: true });
      await writeFile(join(root, name), name);
    }
    for (const empty of ["proc", ".berth", "run/guest"]) await mkdir(join(root, empty), { recursive: true });
    await pushFolder(registry, place("base"), root);
    const image = await store().resolveImage(`${process.address}/berth/base`);
    return { root, image };
  }

  /** As a runtime does: one layer over the other. */
  async function unpacked(key: string): Promise<string> {
    const found = await registry.manifest({ ...place("snapshots"), version: key });
    const to = await mkdtemp(join(folder, "unpacked-"));
    for (const layer of found?.manifest.layers ?? []) {
      const bytes = await readBlob(registry, place("snapshots"), layer.digest, { limit: 1024 ** 3 });
      const file = join(folder, "layer.tar.gz");
      await writeFile(file, bytes);
      await run("tar", ["--extract", "--gzip", "--file", file, "--numeric-owner", "--same-permissions", "-C", to]);
      for (const name of await readdir(to, { recursive: true })) {
        if (!basename(name).startsWith(".wh.")) continue;
        await rm(join(to, name));
        await rm(join(to, dirname(name), basename(name).slice(4)), { recursive: true });
      }
    }
    return to;
  }

  /** Names, modes, owners, contents and links of a tree, without what the sandbox is run with. */
  async function described(root: string): Promise<string> {
    const script =
      "find . -mindepth 1 -not -path './.berth*' -not -path './run*' -not -path './proc*' -printf '%p %M %U:%G %l %n\\n' | sort; find opt etc work -type f | sort | xargs sha256sum";
    return (await run("/bin/sh", ["-c", script], { cwd: root })).stdout;
  }

  it("are the image and one layer of what setup changed", async () => {
    const { root, image } = await base();
    const key = newKey();
    await using guest = await startInFolder(root, "/work/space");
    await writeFile(join(root, "work/space/made"), "by setup");
    await chown(join(root, "work/space/made"), 1000, 1000);
    await rm(join(root, "opt/tools"), { recursive: true });
    await mkdir(join(root, "opt/new"));
    await writeFile(join(root, "opt/new/program"), randomBytes(300_000));
    await chmod(join(root, "opt/new/program"), 0o4755);
    await link(join(root, "opt/new/program"), join(root, "opt/new/alias"));
    await symlink("../stays", join(root, "opt/new/link"));
    const snapshots = store({
      imageOf: async () => image.location,
      openLayer: (_handle, limits, { signal }) => exportLayer(guest.open, limits, signal),
    });
    await snapshots.commit(handle, key);
    expect(await described(await unpacked(key))).toBe(await described(root));
    expect(destroyed).toEqual([handle.id]);
    expect(await snapshots.has(key)).toBe(true);
    const listed = (await snapshots.list()).find((one) => one.key === key);
    expect(listed).toMatchObject({ owner: "installation" });
    expect(listed?.bytes).toBeGreaterThan(300_000);
    const found = await registry.manifest({ ...place("snapshots"), version: key });
    const config = await readBlob(registry, place("snapshots"), found?.manifest.config.digest ?? "", {
      limit: 1024 ** 2,
    });
    expect(imageConfig.parse(JSON.parse(config.toString()))).toMatchObject({ config: { Env: ["PATH=/usr/bin:/bin"] } });
  });

  it("are told why setup left what no layer can hold, and are not kept then", async () => {
    const { root, image } = await base();
    const key = newKey();
    await using guest = await startInFolder(root, "/work/space");
    await writeFile(join(root, "work/space/.wh.name"), "");
    const snapshots = store({
      imageOf: async () => image.location,
      openLayer: (_handle, limits, { signal }) => exportLayer(guest.open, limits, signal),
    });
    await expect(snapshots.commit(handle, key)).rejects.toMatchObject({ code: "setup_failed" });
    expect(await snapshots.has(key)).toBe(false);
    expect(destroyed).toEqual([]);
  });

  it("have a limit of what setup may write", async () => {
    const { root, image } = await base();
    const key = newKey();
    await using guest = await startInFolder(root, "/work/space");
    await writeFile(join(root, "work/space/large"), randomBytes(100_000));
    const snapshots = store(
      {
        imageOf: async () => image.location,
        openLayer: (_handle, limits, { signal }) => exportLayer(guest.open, limits, signal),
      },
      { entries: 100, bytes: 50_000 },
    );
    await expect(snapshots.commit(handle, key)).rejects.toMatchObject({ code: "setup_failed" });
    expect(await snapshots.has(key)).toBe(false);
  });

  it("are not kept when the guest's stream breaks off or is no layer", async () => {
    const { image } = await base();
    for (const bytes of [Buffer.from("no gzip at all"), randomBytes(100)]) {
      const key = newKey();
      const openLayer = async () => Readable.from([bytes]);
      const snapshots = store({ imageOf: async () => image.location, openLayer });
      await expect(snapshots.commit(handle, key)).rejects.toMatchObject({ code: "guest_protocol" });
      expect(await snapshots.has(key)).toBe(false);
    }
  });

  it("are committed once: again only destroys the sandbox", async () => {
    const { root, image } = await base();
    const key = newKey();
    await using guest = await startInFolder(root, "/work/space");
    const snapshots = store({
      imageOf: async () => image.location,
      openLayer: (_handle, limits, { signal }) => exportLayer(guest.open, limits, signal),
    });
    await snapshots.commit(handle, key);
    await store().commit(handle, key);
    expect(destroyed).toEqual([handle.id, handle.id]);
  });

  it("of a sandbox that is gone are not made", async () => {
    const snapshots = store({ imageOf: async () => undefined });
    await expect(snapshots.commit(handle, newKey())).rejects.toMatchObject({ code: "sandbox_lost" });
  });

  it("are removed, twice without harm", async () => {
    const { root, image } = await base();
    const key = newKey();
    await using guest = await startInFolder(root, "/work/space");
    const snapshots = store({
      imageOf: async () => image.location,
      openLayer: (_handle, limits, { signal }) => exportLayer(guest.open, limits, signal),
    });
    await snapshots.commit(handle, key);
    await snapshots.remove(key);
    await snapshots.remove(key);
    expect(await snapshots.has(key)).toBe(false);
    expect((await snapshots.list()).map((one) => one.key)).not.toContain(key);
  });

  it("stand on images of their registry by name, and on others by where they are", async () => {
    const { image } = await base();
    expect(await store().resolveImage("base")).toMatchObject({ name: "base", digest: image.digest });
    const location = `${process.address}/berth/base@${image.digest}`;
    expect(await store().resolveImage(location)).toMatchObject({ digest: image.digest, location });
  });

  it("stand on no image that is not there, none with volumes, no folder of the machine", async () => {
    const { root } = await base();
    await pushFolder(registry, place("with-volumes"), root, { config: { Volumes: { "/data": {} } } });
    for (const [name, code] of [
      ["unknown", "image_not_found"],
      [`${process.address}/berth/unknown`, "image_not_found"],
      ["No Image", "image_not_found"],
      ["host", "image_not_found"],
      ["/var/root", "image_not_found"],
      [`${process.address}/berth/with-volumes`, "capability_missing"],
    ] as const) {
      await expect(store().resolveImage(name), name).rejects.toMatchObject({ code });
    }
  });
});
