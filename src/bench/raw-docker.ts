import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import Docker from "dockerode";
import { withDeadline } from "../core/deadline.ts";
import { KeptConnections } from "../core/kept-connections.ts";
import type { CommandAnswer } from "./sample.ts";
import type { SandboxSize } from "./environment.ts";

const DEADLINE_MS = 120_000;
const megabyte = 2 ** 20;
const cpuPeriodMicroseconds = 100_000;

/** What `docker info` says of the daemon beside which Berth was measured. */
export interface DockerFacts {
  readonly version: string;
  readonly storageDriver: string;
}

/**
 * Docker without Berth, as a careful engineer would use it for sandboxes: kept connections to the daemon, the same image and limits, no
 * network, no capabilities, an unprivileged user, and a command as exec create, start and inspect with the streams apart.
 */
export class RawDocker implements AsyncDisposable {
  readonly #live = new Set<RawContainer>();
  readonly #agent = new KeptConnections();
  readonly #docker: Docker;
  readonly #image: string;
  readonly #size: SandboxSize;

  /** @param options.image a reference or an id that the daemon has */
  constructor(options: { connection: Docker.DockerOptions; image: string; size: SandboxSize }) {
    this.#docker = new Docker({ ...{ agent: this.#agent }, ...options.connection });
    this.#image = options.image;
    this.#size = options.size;
  }

  async facts(): Promise<DockerFacts> {
    const info = (await within("docker info", () => this.#docker.info())) as { ServerVersion: string; Driver: string };
    return { version: info.ServerVersion, storageDriver: info.Driver };
  }

  /** A running container that does nothing. @param binds as `docker run --volume` takes them */
  async start(binds: readonly string[] = []): Promise<RawContainer> {
    const { cpus, memory_mb, pids } = this.#size;
    const container = await within("docker create", (abortSignal) =>
      this.#docker.createContainer({
        Image: this.#image,
        Entrypoint: ["sleep"],
        Cmd: ["infinity"],
        User: "1000:1000",
        WorkingDir: "/workspace",
        Labels: { "berth.bench": "raw" },
        HostConfig: {
          NetworkMode: "none",
          CapDrop: ["ALL"],
          SecurityOpt: ["no-new-privileges:true"],
          Memory: memory_mb * megabyte,
          MemorySwap: memory_mb * megabyte,
          PidsLimit: pids,
          CpuPeriod: cpuPeriodMicroseconds,
          CpuQuota: Math.round(cpus * cpuPeriodMicroseconds),
          LogConfig: { Type: "none", Config: {} },
          Binds: [...binds],
        },
        abortSignal,
      }),
    );
    const made = new RawContainer(this.#docker, container, () => this.#live.delete(made));
    this.#live.add(made);
    await within("docker start", (abortSignal) => container.start({ abortSignal }));
    return made;
  }

  /** Removes what is left of its containers. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const container of this.#live) await container.remove();
    this.#agent.destroy();
  }
}

/** One container; gone when its scope ends. */
export class RawContainer implements AsyncDisposable {
  readonly #docker: Docker;
  readonly #container: Docker.Container;
  readonly #onRemoved: () => void;
  #removed = false;

  constructor(docker: Docker, container: Docker.Container, onRemoved: () => void) {
    this.#docker = docker;
    this.#container = container;
    this.#onRemoved = onRemoved;
  }

  async exec(argv: readonly string[]): Promise<CommandAnswer> {
    return within(`docker exec ${argv[0]}`, async (abortSignal) => {
      const exec = await this.#container.exec({ Cmd: [...argv], AttachStdout: true, AttachStderr: true, abortSignal });
      const stream = await exec.start({ abortSignal });
      const stdout = new PassThrough();
      const stderr = new PassThrough().resume();
      this.#docker.modem.demuxStream(stream, stdout, stderr);
      stream.once("end", () => {
        stdout.end();
        stderr.end();
      });
      stream.once("error", (error: Error) => stdout.destroy(error));
      const said = await text(stdout);
      const { ExitCode } = await exec.inspect({ abortSignal });
      return { exit_code: ExitCode, stdout: said };
    });
  }

  /** `docker rm --force --volumes` */
  async remove(): Promise<void> {
    await within("docker rm", (abortSignal) => this.#container.remove({ force: true, v: true, abortSignal }));
    this.#removed = true;
    this.#onRemoved();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#removed) await this.remove();
  }
}

const within = <T>(what: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> =>
  withDeadline(what, DEADLINE_MS, work);
