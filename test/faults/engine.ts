import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { openSync, closeSync } from "node:fs";
import { readFile, mkdir, mkdtemp, readdir, rm, rmdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import Docker from "dockerode";
import { execa } from "execa";

const startMs = 60_000;
const endMs = 30_000;
const lookAgainMs = 100;
/** Beside the repository: where /tmp is memory, the engine could not lay one layer over another. */
const builds = path.resolve(import.meta.dirname, "../../build");

/** What runs in the tiny image's sandboxes, from this machine's own files. */
const programs = ["sh", "bash", "env", "cat", "wc", "sleep", "head", "tr", "mkdir", "rm", "ls"];
const image = "berth-faults/tiny";

/** A Docker engine that belongs to a test alone, which may end and start it at will. */
export class Engine implements AsyncDisposable {
  readonly #folder: string;
  readonly #group: string;
  #containerd: ChildProcess | undefined;
  #dockerd: ChildProcess | undefined;

  private constructor(folder: string) {
    this.#folder = folder;
    this.#group = path.basename(folder);
  }

  static async start(): Promise<Engine> {
    await mkdir(builds, { recursive: true });
    const engine = new Engine(await mkdtemp(path.join(builds, "engine-")));
    try {
      const config = [
        "version = 2",
        `root = "${engine.#folder}/containerd"`,
        `state = "${engine.#folder}/state"`,
        'disabled_plugins = ["io.containerd.grpc.v1.cri"]',
        "[grpc]",
        `address = "${engine.#folder}/containerd.sock"`,
      ];
      await writeFile(path.join(engine.#folder, "containerd.toml"), config.join("\n"));
      engine.#containerd = engine.#daemon("containerd", ["--config", `${engine.#folder}/containerd.toml`]);
      await engine.up();
      await engine.#importImage();
      return engine;
    } catch (error) {
      await engine[Symbol.asyncDispose]();
      throw error;
    }
  }

  get socketPath(): string {
    return path.join(this.#folder, "docker.sock");
  }

  get image(): string {
    return image;
  }

  /** Ends the daemon; its containers end with it when it starts again, if not now. */
  async down(): Promise<void> {
    await end(this.#dockerd);
    this.#dockerd = undefined;
  }

  /** Starts the daemon. */
  async up(): Promise<void> {
    const at = this.#folder;
    const isolated = ["--bridge=none", "--iptables=false", "--ip6tables=false"];
    const places = ["--data-root", `${at}/data`, "--exec-root", `${at}/exec`, "--pidfile", `${at}/docker.pid`];
    this.#dockerd = this.#daemon("dockerd", [
      ...["--host", `unix://${this.socketPath}`, "--containerd", `${at}/containerd.sock`],
      ...[...places, ...isolated, "--exec-opt", "native.cgroupdriver=cgroupfs", "--cgroup-parent", `/${this.#group}`],
    ]);
    const giveUpAt = Date.now() + startMs;
    const docker = new Docker({ socketPath: this.socketPath });
    while (
      !(await docker.ping().then(
        () => true,
        () => false,
      ))
    ) {
      if (Date.now() > giveUpAt || this.#dockerd.exitCode !== null) {
        const log = await readFile(path.join(at, "dockerd.log"), "utf8");
        throw new Error(`The engine does not start: ${log.slice(-1_000)}`);
      }
      await sleep(lookAgainMs);
    }
  }

  #daemon(name: string, args: readonly string[]): ChildProcess {
    const log = openSync(path.join(this.#folder, `${name}.log`), "a");
    try {
      return spawn(name, args, { stdio: ["ignore", log, log] });
    } finally {
      closeSync(log);
    }
  }

  async #importImage(): Promise<void> {
    const root = path.join(this.#folder, "root");
    for (const name of ["tmp", "workspace", "proc", "dev", "etc"])
      await mkdir(path.join(root, name), { recursive: true });
    await execa("chmod", ["1777", path.join(root, "tmp")]);
    await symlink("usr/bin", path.join(root, "bin"));
    const files = new Set<string>();
    for (const program of programs) {
      const { stdout: found } = await execa("sh", ["-c", `command -v ${program}`]);
      files.add(found);
      const { stdout } = await execa("ldd", [found], { reject: false });
      for (const [, file] of stdout.matchAll(/(\/[^\s]+) \(0x/g)) files.add(file ?? "");
    }
    await execa("cp", ["--parents", "--dereference", ...files, root]);
    const tar = execa("tar", ["--create", "--directory", root, "."], { buffer: false, encoding: "buffer" });
    const docker = new Docker({ socketPath: this.socketPath });
    const changes = "ENV PATH=/usr/local/bin:/usr/bin:/bin";
    const answer = await docker.importImage(tar.stdout, { repo: image, tag: "latest", changes });
    await new Promise((resolve, reject) => answer.resume().once("end", resolve).once("error", reject));
    await tar;
    await rm(root, { recursive: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down();
    await end(this.#containerd);
    const mounts = (await readFile("/proc/self/mountinfo", "utf8"))
      .split("\n")
      .map((line) => line.split(" ")[4] ?? "")
      .filter((point) => point.startsWith(`${this.#folder}/`));
    for (const point of mounts.toReversed()) await execa("umount", [point], { reject: false });
    await removeCgroups(this.#group);
    await rm(this.#folder, { recursive: true, force: true });
  }
}

async function end(daemon: ChildProcess | undefined): Promise<void> {
  if (!daemon || daemon.exitCode !== null || daemon.signalCode !== null) return;
  const ended = once(daemon, "exit");
  daemon.kill("SIGTERM");
  const kill = setTimeout(() => daemon.kill("SIGKILL"), endMs);
  await ended;
  clearTimeout(kill);
}

async function removeCgroups(group: string): Promise<void> {
  const controllers = await readdir("/sys/fs/cgroup", { withFileTypes: true });
  const places = ["", ...controllers.filter((entry) => entry.isDirectory()).map(({ name }) => name)];
  for (const place of places) {
    const top = path.join("/sys/fs/cgroup", place, group);
    const inside = await readdir(top, { recursive: true, withFileTypes: true }).catch(() => []);
    const folders = inside
      .filter((entry) => entry.isDirectory())
      .map((entry) => path.join(entry.parentPath, entry.name));
    for (const folder of [...folders.toReversed(), top]) await rmdir(folder).catch(() => undefined);
  }
}
