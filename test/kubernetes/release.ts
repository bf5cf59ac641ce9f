import { randomBytes, randomUUID } from "node:crypto";
import { execa } from "execa";
import { controllerKey } from "../support/controller-process.ts";
import { ClusterNamespace } from "../support/kubernetes-cluster.ts";
import { newDatabase } from "../support/postgres-database.ts";
import { chartFolder, helm } from "./helm.ts";

/** For an installation or an upgrade, with the pods of both replicas. */
const rolloutSeconds = 180;
const port = 7420;

/** What a release needs of the cluster and its surroundings. */
export interface ReleaseParts {
  readonly registry: string;
  /** A PostgreSQL that pods reach; its database is replaced by one of the release's own. */
  readonly postgres: string;
}

/** The chart installed with two replicas, in namespaces of its own that go with it. */
export class Release implements AsyncDisposable {
  readonly sandboxes: ClusterNamespace;
  readonly #namespace: ClusterNamespace;
  readonly #settings: readonly string[];
  readonly #cleanup: AsyncDisposableStack;

  private constructor(
    namespace: ClusterNamespace,
    sandboxes: ClusterNamespace,
    settings: readonly string[],
    cleanup: AsyncDisposableStack,
  ) {
    this.#namespace = namespace;
    this.sandboxes = sandboxes;
    this.#settings = settings;
    this.#cleanup = cleanup;
  }

  static async install({ registry, postgres }: ReleaseParts): Promise<Release> {
    await using stack = new AsyncDisposableStack();
    const database = stack.use(await newDatabase());
    const namespace = stack.use(await ClusterNamespace.make());
    const sandboxes = stack.use(await ClusterNamespace.make());
    const storeUrl = new URL(postgres);
    storeUrl.pathname = new URL(database.url, "postgres://localhost").pathname;
    await namespace.keepSecret("berth", {
      "api-keys": controllerKey,
      "metrics-key": randomUUID(),
      "store-url": storeUrl.toString(),
      "guest-key": randomBytes(32).toString("hex"),
    });
    const settings = Object.entries({
      "image.repository": `${registry}/controller`,
      "image.tag": "latest",
      "image.pullPolicy": "Always",
      replicas: 2,
      "sandboxes.namespace": sandboxes.name,
      "sandboxes.createNamespace": false,
      "sandboxes.registry": registry,
      "sandboxes.registryInsecure": true,
      "sandboxes.guestImage": `${registry}/berth-guest:latest`,
      "resources.requests.cpu": "50m",
      "settings.kubernetes_seccomp_folder": "berth",
      "settings.kubernetes_pod_pids_limit": 80,
      "settings.kubernetes_oom_kills": "process",
      "settings.kubernetes_request_percent": 1,
      "settings.drain_seconds": 10,
    }).flatMap(([name, value]) => ["--set", `${name}=${value}`]);
    const release = new Release(namespace, sandboxes, settings, stack.move());
    await release.upgrade([]);
    return release;
  }

  /** Replaces one replica after the other; resolves when both are ready. @throws Error with what helm and the replicas said */
  async upgrade(settings: readonly string[]): Promise<void> {
    const changes = settings.flatMap((setting) => ["--set", setting]);
    const wait = ["--wait", "--timeout", `${rolloutSeconds}s`];
    const args = ["upgrade", "--install", "berth", chartFolder, "--namespace", this.#namespace.name];
    const done = await execa(helm, [...args, ...this.#settings, ...changes, ...wait], {
      reject: false,
      all: true,
      timeout: (rolloutSeconds + 30) * 1000,
    });
    if (done.exitCode !== 0) throw new Error(`helm: ${done.all.slice(-1_000)}\n${await this.#lastWords()}`);
  }

  /** Where each replica and the Service in front of them listen. */
  async addresses(): Promise<{ replicas: string[]; service: string }> {
    const pods = await this.#namespace.pods("app.kubernetes.io/name=berth");
    const ready = pods.filter(({ metadata, status }) => metadata?.deletionTimestamp === undefined && status?.podIP);
    return {
      replicas: ready.map(({ status }) => `http://${status?.podIP}:${port}`),
      service: `http://${await this.#namespace.serviceAddress("berth")}:${port}`,
    };
  }

  async #lastWords(): Promise<string> {
    const args = [
      "logs",
      "--namespace",
      this.#namespace.name,
      "--selector",
      "app.kubernetes.io/name=berth",
      "--tail",
      "5",
    ];
    const { all } = await execa("kubectl", args, { reject: false, all: true, timeout: 30_000 });
    return all.slice(-2_000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const args = ["uninstall", "berth", "--namespace", this.#namespace.name, "--wait", "--timeout", "60s"];
    await execa(helm, args, { reject: false, timeout: 90_000 });
    await this.#cleanup.disposeAsync();
  }
}
