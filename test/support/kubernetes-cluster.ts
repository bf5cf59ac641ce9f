import { randomUUID } from "node:crypto";
import { CoreV1Api, KubeConfig, NetworkingV1Api, type KubernetesObject, type V1Pod } from "@kubernetes/client-node";
import { testCluster } from "./test-cluster.ts";

/** For what a namespace's end takes away with it. */
const endMs = 120_000;
const lookAgainMs = 200;
/** Of all sandboxes together: they stay for as long as the namespace. And the cluster's own, which it puts into every namespace. */
const lasting = ["networkpolicy berth-sandboxes", "networkpolicy berth-setup", "configmap kube-root-ca.crt"];
/** A hundred rollouts at once are what a burst is for. */
const generous = { kubernetes_requests_per_second: "100", kubernetes_burst: "200" };

/** Why no test can use a cluster here; undefined when they can. */
export function whyNoCluster(): string | undefined {
  const cluster = testCluster();
  return "unavailable" in cluster ? cluster.unavailable : undefined;
}

/** A namespace of its own in the cluster of KUBECONFIG, until it is disposed of; then all that is in it is gone, too. */
export class ClusterNamespace implements AsyncDisposable {
  readonly name: string;
  readonly #core: CoreV1Api;
  readonly #networking: NetworkingV1Api;

  private constructor(name: string, config: KubeConfig) {
    this.name = name;
    this.#core = config.makeApiClient(CoreV1Api);
    this.#networking = config.makeApiClient(NetworkingV1Api);
  }

  static async make(): Promise<ClusterNamespace> {
    const config = new KubeConfig();
    config.loadFromDefault();
    const namespace = new ClusterNamespace(`berth-test-${randomUUID().slice(0, 8)}`, config);
    await namespace.#core.createNamespace({ body: { metadata: { name: namespace.name } } });
    return namespace;
  }

  /** The variables that make a controller put its sandboxes here. @throws Error where there is no cluster */
  environment(): Record<string, string> {
    const cluster = testCluster();
    if ("unavailable" in cluster) throw new Error(cluster.unavailable);
    const settings = Object.entries({ ...cluster.settings, ...generous, kubernetes_namespace: this.name });
    return Object.fromEntries(settings.map(([name, value]) => [`BERTH_${name.toUpperCase()}`, value]));
  }

  async pods(labelSelector?: string): Promise<V1Pod[]> {
    const query = { namespace: this.name, ...(labelSelector === undefined ? {} : { labelSelector }) };
    return (await this.#core.listNamespacedPod(query)).items;
  }

  /** What was said of a pod's container for this reason. */
  async events(pod: string, reason: string, container: string): Promise<string[]> {
    const fieldSelector = `involvedObject.name=${pod},reason=${reason}`;
    const { items } = await this.#core.listNamespacedEvent({ namespace: this.name, fieldSelector });
    const said = items.filter(({ involvedObject }) => involvedObject.fieldPath === `spec.containers{${container}}`);
    return said.map(({ message }) => message ?? "");
  }

  /** Resolves with what is left, once it is nothing or the time is over. */
  async thingsAfter(deadlineMs: number): Promise<string[]> {
    const giveUpAt = Date.now() + deadlineMs;
    for (;;) {
      const things = await this.things();
      if (things.length === 0 || Date.now() > giveUpAt) return things;
      await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
    }
  }

  async keepSecret(name: string, stringData: Record<string, string>): Promise<void> {
    await this.#core.createNamespacedSecret({ namespace: this.name, body: { metadata: { name }, stringData } });
  }

  /** The address of a Service in the cluster. */
  async serviceAddress(name: string): Promise<string> {
    const { spec } = await this.#core.readNamespacedService({ namespace: this.name, name });
    return spec?.clusterIP ?? "";
  }

  /** A pod of one container with nothing around it, from its creation until it is gone: the least that any pod takes. */
  async playBarePod(image: string): Promise<void> {
    const namespace = this.name;
    const name = `bare-${randomUUID().slice(0, 8)}`;
    const container = { name: "only", image, command: ["sleep", "infinity"] };
    const spec = {
      containers: [container],
      restartPolicy: "Never",
      terminationGracePeriodSeconds: 1,
      automountServiceAccountToken: false,
    };
    await this.#core.createNamespacedPod({ namespace, body: { metadata: { name }, spec } });
    await this.#pollPod(name, (pod) => pod?.status?.containerStatuses?.every(({ ready }) => ready) === true);
    await this.#core.deleteNamespacedPod({ namespace, name });
    await this.#pollPod(name, (pod) => pod === undefined);
  }

  async #pollPod(name: string, holds: (pod: V1Pod | undefined) => boolean): Promise<void> {
    const giveUpAt = Date.now() + endMs;
    while (!holds((await this.pods()).find(({ metadata }) => metadata?.name === name))) {
      if (Date.now() > giveUpAt) throw new Error(`The pod ${name} is not where it should be after ${endMs / 1000} s.`);
      await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
    }
  }

  /** Everything in it that a provider could leave of its sandboxes: `pod NAME`, `secret NAME`, `configmap NAME`, `networkpolicy NAME`, `claim NAME`. */
  async things(): Promise<string[]> {
    const namespace = this.name;
    const [pods, secrets, configMaps, claims, policies] = await Promise.all([
      this.#core.listNamespacedPod({ namespace }),
      this.#core.listNamespacedSecret({ namespace }),
      this.#core.listNamespacedConfigMap({ namespace }),
      this.#core.listNamespacedPersistentVolumeClaim({ namespace }),
      this.#networking.listNamespacedNetworkPolicy({ namespace }),
    ]);
    return [
      ...named("pod", pods.items),
      ...named("secret", secrets.items),
      ...named("configmap", configMaps.items),
      ...named("claim", claims.items),
      ...named("networkpolicy", policies.items),
    ]
      .filter((thing) => !lasting.includes(thing))
      .toSorted();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#core.deleteNamespace({ name: this.name });
    const giveUpAt = Date.now() + endMs;
    while (await this.#exists()) {
      if (Date.now() > giveUpAt) throw new Error(`The namespace ${this.name} is not gone after ${endMs / 1000} s.`);
      await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
    }
  }

  async #exists(): Promise<boolean> {
    const all = await this.#core.listNamespace({ fieldSelector: `metadata.name=${this.name}` });
    return all.items.length > 0;
  }
}

const named = (kind: string, items: readonly KubernetesObject[]): string[] =>
  items.map(({ metadata }) => `${kind} ${metadata?.name}`);
