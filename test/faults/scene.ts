import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { withDeadline } from "../../src/core/deadline.ts";
import type { CrashPoint } from "../../src/core/crash-point.ts";
import { ControllerProcess, type Method, type Reply, type SendOptions } from "../support/controller-process.ts";
import { ClusterNamespace } from "../support/kubernetes-cluster.ts";
import { dockerConnection } from "../support/providers.ts";
import { removeSnapshotImages } from "../support/residue.ts";
import { Baseline } from "./baseline.ts";
import type { BackendName } from "./backend.ts";

const entry = path.join(import.meta.dirname, "controller.ts");
/** For a controller that lost its client to die, and for one that was started to listen. */
const lifeDeadlineMs = 60_000;

export interface SceneOptions {
  readonly backend: BackendName;
  /** An empty folder, when it must be a special one; else one is made and removed. */
  readonly dataDir?: string;
  /** The engine of docker's sandboxes, when it is not the one of all tests. */
  readonly engine?: { readonly socketPath: string; readonly image: string };
}

/** One data directory, the controllers that live on it one after the other, and what was there before anything went wrong. */
export class Scene implements AsyncDisposable {
  readonly backend: BackendName;
  readonly dataDir: string;
  /** For hidden tests, repositories, and the file that arms a crash. */
  readonly folder: string;
  readonly baseline: Baseline;
  readonly docker: { readonly socketPath: string };
  /** Where the sandboxes are, on kubernetes. */
  readonly namespace: ClusterNamespace | undefined;
  readonly #image: string | undefined;
  readonly #env: NodeJS.ProcessEnv;
  readonly #flags: string[] = [];
  #controller: ControllerProcess | undefined;
  /** Controllers that died by a signal in this scene. */
  deaths = 0;

  private constructor(options: SceneOptions & { folder: string; namespace?: ClusterNamespace | undefined }) {
    this.namespace = options.namespace;
    this.backend = options.backend;
    this.folder = options.folder;
    this.dataDir = options.dataDir ?? path.join(options.folder, "data");
    this.#image = options.engine?.image;
    this.docker = options.engine ? { socketPath: options.engine.socketPath } : dockerConnection;
    this.#env = {
      BERTH_FAULTS_ARMED: path.join(options.folder, "armed"),
      ...(options.engine ? { BERTH_DOCKER_HOST: `unix://${options.engine.socketPath}` } : {}),
      ...options.namespace?.environment(),
    };
    this.baseline = new Baseline({
      dataDir: this.dataDir,
      folder: options.folder,
      backend: this.backend,
      docker: this.docker,
      namespace: this.namespace,
      living: () => this.#controller?.pid,
    });
  }

  static async open(options: SceneOptions): Promise<Scene> {
    const folder = await mkdtemp(path.join(tmpdir(), "berth-faults-"));
    const namespace = options.backend === "kubernetes" ? await ClusterNamespace.make() : undefined;
    const scene = new Scene({ ...options, folder, namespace });
    await mkdir(scene.dataDir, { recursive: true });
    await mkdir(path.join(folder, "hidden"));
    // The text of a call occurs at most once in what the policy left, or the verdict says so.
    const script =
      'n=$(cat lines 2>/dev/null | wc -l)\necho "TAP version 13"\necho "# lines"\n[ "$n" -le 1 ] && echo "ok 1 lines" || echo "not ok 1 lines"\necho "1..1"\n';
    await writeFile(path.join(folder, "hidden/check.sh"), script);
    return scene;
  }

  get image(): string {
    if (this.#image !== undefined) return this.#image;
    return this.backend === "oci" ? "host" : (process.env["BERTH_TEST_IMAGE"] ?? "base");
  }

  /** An environment whose snapshot all rollouts of the scene share, unless `fields` differ. */
  environment(fields: Readonly<Record<string, unknown>> = {}): Record<string, unknown> & { name: string } {
    const hidden = path.join(this.folder, "hidden");
    const grader = { type: "tests", framework: "tap", command: "sh check.sh", files: hidden, canaries: false };
    return {
      name: "faults",
      image: this.image,
      // Snapshots of docker are the machine's: these are this scene's alone.
      env: { SCENE: this.folder },
      ...(this.namespace
        ? // Kubernetes has no quota of disk for a pod.
          { profile: "standard-unlimited-disk", resources: { memory_mb: 256, pids: 64 } }
        : { resources: { memory_mb: 256, disk_mb: 64, pids: 64 } }),
      graders: [{ ...grader, fail_to_pass: ["lines"] }],
      ...fields,
    };
  }

  get controller(): ControllerProcess {
    if (!this.#controller) throw new Error("No controller runs.");
    return this.#controller;
  }

  /** The next controller that passes the point dies there. */
  arm(point: CrashPoint): Promise<void> {
    return writeFile(this.#armed, point);
  }

  get isArmed(): boolean {
    return existsSync(this.#armed);
  }

  async disarm(): Promise<void> {
    await rm(this.#armed, { force: true });
  }

  get #armed(): string {
    return path.join(this.folder, "armed");
  }

  /** Starts a controller; once more when the first dies of what was armed. */
  async start(...flags: string[]): Promise<ControllerProcess> {
    this.#flags.splice(0, Infinity, ...flags);
    const wasArmed = this.isArmed;
    try {
      return await this.#begin();
    } catch (error) {
      if (!wasArmed || this.isArmed) throw error;
      this.deaths++;
      return await this.#begin();
    }
  }

  async #begin(): Promise<ControllerProcess> {
    const { backend, dataDir } = this;
    const flags = [...this.#flags, ...(this.#flags.includes("--drain-seconds") ? [] : ["--drain-seconds", "5"])];
    this.#controller = await withDeadline("a controller that starts", lifeDeadlineMs, () =>
      ControllerProcess.start({ backend, dataDir, flags, entry, env: this.#env }),
    );
    return this.#controller;
  }

  /** Waits for the controller to die of what was done to it, and starts the next. */
  async revive(): Promise<void> {
    const { controller } = this;
    const signal = await withDeadline("a controller that should die", lifeDeadlineMs, () => controller.ended());
    if (signal !== undefined) this.deaths++;
    await this.start(...this.#flags);
  }

  /** Ends the controller, if one runs. */
  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const controller = this.#controller;
    this.#controller = undefined;
    if (controller) await withDeadline("a controller that ends", lifeDeadlineMs, () => controller.end(signal));
  }

  /** As a trainer asks: when the connection breaks because the controller died, the same again of the next one. */
  async send(method: Method, url: string, body?: unknown, options?: SendOptions): Promise<Reply> {
    for (let revivals = 0; ; revivals++) {
      try {
        return await this.controller.send(method, url, body, options);
      } catch (error) {
        if (revivals === 2 || (error as Error).name === "TimeoutError" || options?.signal?.aborted === true)
          throw error;
        await this.revive();
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.disarm();
    await this.end().catch(() => this.end("SIGKILL"));
    // An engine of the scene's own goes with all that it has.
    if (this.backend === "docker" && this.#image === undefined) await removeSnapshotImages(this.dataDir);
    await this.namespace?.[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true, force: true });
  }
}
