import { randomBytes } from "node:crypto";
import { lstat, mkdtemp, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { connect as connectHttp2, type ClientHttp2Session } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import Dockerode from "dockerode";
import { pack } from "tar-stream";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { silentLogger } from "../../src/core/log.ts";
import { resources } from "../../src/model/resources.ts";
import type { Profile } from "../../src/model/profile.ts";
import { createDockerProvider } from "../../src/provider/docker/docker-provider.ts";
import { exportRootfs } from "../../src/provider/docker/export-rootfs.ts";
import { probeDocker } from "../../src/provider/docker/probe.ts";
import type { Provider, SandboxHandle, SandboxSpec } from "../../src/provider/provider.ts";
import { profileNamed } from "../support/providers.ts";

const root = new URL("../../", import.meta.url).pathname;
const docker = { socketPath: (process.env["DOCKER_HOST"] ?? "/var/run/docker.sock").replace(/^unix:\/\//, "") };
const architecture = process.arch === "arm64" ? "arm64" : "amd64";
const guestBinary = process.env["BERTH_GUEST_BINARY"] ?? join(root, `build/berth-guest-${architecture}`);
const options = {
  docker,
  guestBinary,
  seccompDir: join(root, "sandbox-profiles/seccomp"),
  imagesDir: join(root, "images"),
  dataDir: join(tmpdir(), `berth-docker-test-${process.pid}`),
  log: silentLogger,
};
const owner = `test-${randomBytes(4).toString("hex")}`;
const client = new Dockerode(docker);

/** Why the provider cannot be tried here; undefined when it can. */
async function hindrance(): Promise<string | undefined> {
  const probe = await probeDocker({ docker, guestBinary });
  if (!probe.works) return probe.reasons.map(({ what, remedy }) => `${what} ${remedy}`).join(" ");
  const image = await client
    .getImage("berth/base:latest")
    .inspect()
    .catch(() => undefined);
  return image ? undefined : "The image berth/base:latest is missing: run `berth image build base`.";
}

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

async function ask(session: ClientHttp2Session, method: string, path: string, body?: object): Promise<Answer> {
  const request = session.request({ ":method": method, ":path": path, "content-type": "application/json" });
  request.end(body === undefined ? undefined : JSON.stringify(body));
  const status = new Promise<number>((resolve) =>
    request.once("response", (headers) => resolve(headers[":status"] ?? 0)),
  );
  const body_ = await text(request);
  return { status: await status, body: JSON.parse(body_) as Record<string, unknown> };
}

let calls = 0;
async function sh(session: ClientHttp2Session, command: string, user: "tool" | "root" = "tool"): Promise<string> {
  const { body } = await ask(session, "POST", "/v1/exec", {
    ...{ call_id: `call-${calls++}`, argv: ["/bin/sh", "-c", command], cwd: "", env: {}, stdin: "", user },
    ...{ timeout_ms: 20_000, head_bytes: 65_536, tail_bytes: 0 },
  });
  const { stdout, stderr } = body as { stdout: { head: string }; stderr: { head: string } };
  return stdout.head + stderr.head;
}

describe("docker", () => {
  let provider: Provider;
  let standard: Profile;
  let reason: string | undefined;
  const sessions: ClientHttp2Session[] = [];
  const keys: string[] = [];

  beforeAll(async () => {
    reason = await hindrance();
    if (reason !== undefined) return;
    provider = await createDockerProvider(options);
    standard = await profileNamed("standard");
  });

  beforeEach((context) => {
    if (reason !== undefined) context.skip(reason);
  });

  afterEach(async () => {
    if (reason !== undefined) return;
    for (const session of sessions.splice(0)) session.destroy();
    for (const handle of await provider.list(owner)) await provider.destroy(handle);
    for (const key of keys.splice(0)) await provider.snapshots.remove(key);
    const filters = JSON.stringify({ label: [`berth.owner=${owner}`] });
    const containers = await client.listContainers({ all: true, filters });
    const { Volumes: volumes } = await client.listVolumes({ filters });
    const left = [...containers.map(({ Names }) => Names.join()), ...volumes.map(({ Name }) => Name)];
    if (left.length > 0) throw new Error(`The test left behind: ${left.join(", ")}`);
  });

  afterAll(async () => {
    await provider?.close();
    await rm(options.dataDir, { recursive: true, force: true });
  });

  async function spec(change: Partial<SandboxSpec> = {}): Promise<SandboxSpec> {
    return {
      id: `t-${randomBytes(6).toString("hex")}`,
      labels: { owner, purpose: "test", incarnation: "1" },
      base: { kind: "image", image: await provider.snapshots.resolveImage("base") },
      profile: standard,
      resources: resources.parse({ cpus: 1, memory_mb: 256, pids: 64 }),
      workdir: "/workspace",
      expiresAtMs: Date.now() + 300_000,
      ...change,
    };
  }

  async function open(handle: SandboxHandle, through = provider): Promise<ClientHttp2Session> {
    for (let attempt = 1; ; attempt++) {
      const stream = await through.connect(handle);
      const session = connectHttp2("http://guest", { createConnection: () => stream });
      const failed = new Promise<never>((_, reject) => session.once("error", reject));
      failed.catch(() => undefined);
      try {
        await Promise.race([ask(session, "GET", "/v1/handshake"), failed]);
        sessions.push(session);
        return session;
      } catch (error) {
        session.destroy();
        if (attempt === 50) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  it("starts a sandbox whose guest shakes hands and runs commands as the tool user", async () => {
    const handle = await provider.create(await spec());
    expect(await provider.inspect(handle)).toEqual({ status: "running", oomKills: null });
    const session = await open(handle);
    const { body } = await ask(session, "GET", "/v1/handshake");
    expect(body).toMatchObject({ protocol: 1, root: "/workspace", tool_uid: 1000, allow_root: false });
    expect(await sh(session, "id -u; pwd; hostname")).toBe("1000\n/workspace\nberth\n");
  });

  it("enforces the profile and the limits, seen from inside", async () => {
    const session = await open(await provider.create(await spec()));
    const status = await sh(session, "cat /proc/self/status");
    for (const line of ["CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"]) {
      expect(status).toContain(line);
    }
    expect(await sh(session, "ls /sys/class/net")).toBe("lo\n");
    expect(await sh(session, "unshare -Ur true")).toMatch(/not permitted|Function not implemented/);
    const memory = "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null";
    expect(await sh(session, memory)).toBe(`${256 * 2 ** 20}\n`);
    expect(await sh(session, "cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max 2>/dev/null")).toBe("96\n");
    expect(await sh(session, "echo x > /.berth/guest; echo x > /run/berth/x; ls /run/berth")).not.toMatch(
      /guest\.sock/,
    );
  });

  it("lets the guest alone see the socket and keeps it when a command runs out of memory", async () => {
    const session = await open(await provider.create(await spec()));
    expect(await sh(session, "head -c 1G /dev/zero | tail | wc -c; echo alive")).toContain("alive");
    const { body } = await ask(session, "GET", "/v1/health");
    expect(body).toMatchObject({ oom_kills: expect.any(Number) });
    expect(body["oom_kills"]).toBeGreaterThan(0);
  });

  it("keeps quiesce from closing the controller's own streams", async () => {
    const handle = await provider.create(await spec());
    const [first, second] = [await open(handle), await open(handle)];
    await sh(first, "setsid sleep 100 & sleep 0.1");
    expect((await ask(first, "POST", "/v1/quiesce", {})).status).toBe(200);
    expect(await sh(second, "echo still here")).toBe("still here\n");
  });

  it("leaves no process behind when a stream is closed", async () => {
    const handle = await provider.create(await spec());
    const session = await open(handle);
    const dials = async () => {
      const lines = (await sh(session, "grep -lz dial /proc/[0-9]*/cmdline 2>/dev/null")).split("\n");
      return lines.filter((line) => line !== "" && !line.includes("self")).length;
    };
    const before = await dials();
    (await provider.connect(handle)).destroy();
    (await provider.connect(handle)).end();
    await expect.poll(dials, { timeout: 10_000 }).toBe(before);
  });

  it("carries megabytes in both directions", async () => {
    const session = await open(await provider.create(await spec()));
    const content = randomBytes(8 * 2 ** 20);
    const put = session.request({ ":method": "PUT", ":path": "/v1/files/write?path=big.bin&create_parents=true" });
    put.end(content);
    expect(JSON.parse(await text(put))).toMatchObject({ bytes: content.length });
    const get = session.request({ ":method": "GET", ":path": `/v1/files/read?path=big.bin&limit=${content.length}` });
    get.end();
    const chunks: Buffer[] = [];
    for await (const chunk of get) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).equals(content)).toBe(true);
  });

  it("gives the one sandbox for one id, also to callers at the same time", async () => {
    const same = await spec();
    const handles = await Promise.all([provider.create(same), provider.create(same), provider.create(same)]);
    expect(new Set(handles.map(({ id }) => id)).size).toBe(1);
    await provider.create(same);
    expect(await provider.list(owner)).toEqual([handles[0]]);
    await expect(provider.create({ ...same, labels: { ...same.labels, incarnation: "2" } })).rejects.toMatchObject({
      code: "sandbox_create_failed",
    });
  });

  it("is found, reached and removed by a later controller", async () => {
    const handle = await provider.create(await spec());
    await sh(await open(handle), "echo kept > file");
    const later = await createDockerProvider(options);
    try {
      const [found] = await later.list(owner);
      expect(found).toEqual(handle);
      expect(await sh(await open(handle, later), "cat file")).toBe("kept\n");
      await later.destroy(handle);
      expect(await provider.inspect(handle)).toEqual({ status: "gone" });
    } finally {
      await later.close();
    }
  });

  it("destroys once, twice and all at once, and then knows nothing of it", async () => {
    const handle = await provider.create(await spec());
    await Promise.all([provider.destroy(handle), provider.destroy(handle), provider.destroy(handle)]);
    await provider.destroy(handle);
    expect(await provider.inspect(handle)).toEqual({ status: "gone" });
    await expect(provider.connect(handle)).rejects.toMatchObject({ code: "sandbox_lost" });
  });

  it("does not touch a later sandbox under the same id", async () => {
    const first = await spec();
    const old = await provider.create(first);
    await provider.destroy(old);
    const later = await provider.create({ ...first, labels: { ...first.labels, incarnation: "2" } });
    expect(await provider.inspect(old)).toEqual({ status: "gone" });
    await provider.destroy(old);
    expect(await provider.inspect(later)).toMatchObject({ status: "running" });
  });

  it("reports a guest that ended by itself, and does not start it again", async () => {
    const short = await spec({ expiresAtMs: Date.now() + 1500 });
    const handle = await provider.create(short);
    await expect.poll(async () => (await provider.inspect(handle)).status, { timeout: 20_000 }).toBe("exited");
    await provider.create(short);
    expect(await provider.inspect(handle)).toMatchObject({ status: "exited", oom: false });
    await expect(provider.connect(handle)).rejects.toMatchObject({ code: "sandbox_lost" });
  });

  it("starts others copy-on-write from a committed snapshot", async () => {
    const key = randomBytes(32).toString("hex");
    keys.push(key);
    const trusted = await profileNamed("trusted");
    const builder = await provider.create(await spec({ profile: trusted }));
    const session = await open(builder);
    await sh(session, "mkdir -p sub && echo one > sub/file && chown -R 1000:1000 . && echo etc > /etc/marker", "root");
    await ask(session, "POST", "/v1/quiesce", {});
    await provider.snapshots.commit(builder, key);
    expect(await provider.inspect(builder)).toEqual({ status: "gone" });
    await provider.snapshots.commit(builder, key);
    expect(await provider.snapshots.has(key)).toBe(true);
    expect((await provider.snapshots.list()).map((snapshot) => snapshot.key)).toContain(key);

    const [a, b] = [
      await provider.create(await spec({ base: { kind: "snapshot", key } })),
      await provider.create(await spec({ base: { kind: "snapshot", key } })),
    ];
    const [inA, inB] = [await open(a), await open(b)];
    expect(await sh(inA, "cat sub/file /etc/marker; echo two > sub/file; ls -A /run/berth /.berth")).toContain(
      "one\netc\n",
    );
    expect(await sh(inB, "cat sub/file")).toBe("one\n");

    await provider.snapshots.remove(key);
    expect(await provider.snapshots.has(key)).toBe(false);
    expect(await sh(inA, "cat sub/file")).toBe("two\n");
    await provider.snapshots.remove(key);
    await expect(provider.create(await spec({ base: { kind: "snapshot", key } }))).rejects.toMatchObject({
      code: "sandbox_create_failed",
    });
    for (const handle of [a, b]) await provider.destroy(handle);
    await provider.snapshots.remove(key);
    const filters = JSON.stringify({ label: [`berth.snapshot=${key}`] });
    expect(await client.listImages({ all: true, filters })).toEqual([]);
  });

  it("installs the guest again when someone has removed its volume", async () => {
    // Bytes behind an ELF image are ignored: a guest that no other controller uses.
    const directory = await mkdtemp(join(tmpdir(), "berth-guest-"));
    const own = join(directory, "guest");
    await writeFile(own, Buffer.concat([await readFile(guestBinary), randomBytes(16)]), { mode: 0o755 });
    const another = await createDockerProvider({ ...options, guestBinary: own });
    let volume = "";
    try {
      const handle = await another.create(await spec());
      const inside = await client.getContainer(`berth-${handle.id}`).inspect();
      volume = inside.Mounts.find((mount) => mount.Destination === "/.berth")?.Name ?? "";
      await another.destroy(handle);
      await client.getVolume(volume).remove();
      const next = await another.create(await spec());
      expect(await sh(await open(next, another), "echo alive")).toBe("alive\n");
      await another.destroy(next);
    } finally {
      await another.close();
      await client.getVolume(volume).remove();
      await rm(directory, { recursive: true });
    }
  });

  it("names what is wrong with an image", async () => {
    const { snapshots } = provider;
    await expect(snapshots.resolveImage("host")).rejects.toMatchObject({
      code: "image_not_found",
      remedy: expect.stringContaining("berth image build base"),
    });
    await expect(snapshots.resolveImage("/srv/rootfs")).rejects.toMatchObject({ code: "image_not_found" });
    await expect(snapshots.resolveImage("localhost:1/none:1")).rejects.toMatchObject({ code: "image_not_found" });
    await expect(snapshots.resolveImage("Not A Reference")).rejects.toMatchObject({ code: "image_not_found" });
  });

  it("refuses what it cannot enforce, and leaves nothing of what it could not start", async () => {
    const filesAlone = resources.parse({ inodes: 5000 });
    await expect(provider.create(await spec({ resources: filesAlone }))).rejects.toMatchObject({
      code: "capability_missing",
    });
    const unknown = { ...standard, seccomp: "no-such-profile" };
    await expect(provider.create(await spec({ profile: unknown }))).rejects.toMatchObject({ code: "unknown_profile" });
    const image = { name: "gone", digest: `sha256:${"0".repeat(64)}`, location: `sha256:${"0".repeat(64)}` };
    await expect(provider.create(await spec({ base: { kind: "image", image } }))).rejects.toMatchObject({
      code: "image_not_found",
    });
    const nonsense = { ...standard, capabilities: ["CAP_NO_SUCH_THING"] };
    await expect(provider.create(await spec({ profile: nonsense }))).rejects.toMatchObject({
      code: "sandbox_create_failed",
    });
    expect(await provider.list(owner)).toEqual([]);
  });

  it("undoes a create that its caller gave up", async () => {
    const giveUp = new AbortController();
    const creating = provider.create(await spec(), { signal: giveUp.signal });
    setTimeout(() => giveUp.abort(new Error("enough")), 20);
    await expect(creating).rejects.toThrow("enough");
    expect(await provider.list(owner)).toEqual([]);
  });

  it("writes an image's files to a directory as they are, or nothing at all", async () => {
    const directory = await mkdtemp(join(tmpdir(), "berth-rootfs-"));
    const image = `${owner}:rootfs`;
    const tar = pack();
    tar.entry({ name: "bin/", type: "directory", mode: 0o755 });
    tar.entry({ name: "bin/tool", mode: 0o4755, uid: 0, gid: 42 }, "tool");
    tar.entry({ name: "bin/same", type: "link", linkname: "bin/tool", mode: 0o4755, uid: 0, gid: 42 });
    tar.entry({ name: "home", type: "directory", mode: 0o700, uid: 1234, gid: 4321 });
    tar.entry({ name: "away", type: "symlink", linkname: "/etc/passwd" });
    tar.finalize();
    try {
      const importing = await client.importImage(Readable.from(tar), { repo: owner, tag: "rootfs" });
      await text(importing);
      const destination = join(directory, "rootfs");
      await exportRootfs({ docker, image, destination });
      const tool = await lstat(join(destination, "bin/tool"));
      expect(tool).toMatchObject({ uid: 0, gid: 42, nlink: 2 });
      expect(tool.mode & 0o7777).toBe(0o4755);
      expect(await lstat(join(destination, "home"))).toMatchObject({ uid: 1234, gid: 4321 });
      expect(await readlink(join(destination, "away"))).toBe("/etc/passwd");
      await expect(exportRootfs({ docker, image, destination })).rejects.toMatchObject({ code: "invalid_config" });
      const missing = exportRootfs({ docker, image: "localhost:1/none", destination: join(directory, "other") });
      await expect(missing).rejects.toMatchObject({ code: "image_not_found" });
      expect(await readdir(directory)).toEqual(["rootfs"]);
    } finally {
      await client.getImage(image).remove();
      await rm(directory, { recursive: true });
    }
  });
});
