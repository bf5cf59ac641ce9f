import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import {
  ApiException,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  type V1OwnerReference,
  type V1Pod,
} from "@kubernetes/client-node";
import type {
  SandboxClaim,
  SandboxTemplate,
  SandboxWarmPool,
} from "../../../src/provider/kubernetes/claims/resources.ts";
import { conditionsOf, isPodReady, ofPod, refusalOf, templateNotFound, warmPoolNotFound } from "./conditions.ts";

const group = "extensions.agents.x-k8s.io";
const version = "v1beta1";
const waitingLabel = "agents.x-k8s.io/warm-pool-sandbox";
const lookEveryMs = 50;

interface World {
  readonly claims: SandboxClaim[];
  readonly templates: Map<string, SandboxTemplate>;
  readonly warmPools: SandboxWarmPool[];
  readonly pods: V1Pod[];
}

/**
 * Stands in for the controllers of agent-sandbox in one namespace of a real API server, as far as their documentation says what Berth sees of them: it keeps warm pools
 * filled, gives a claim a pod that waits or makes one, and tells in the claim's status how that pod is. It makes no Sandbox in between, and it looks instead of
 * being told. What belongs to a claim goes with it by the garbage collector of the cluster, as it does with theirs.
 */
export class StandInController implements AsyncDisposable {
  readonly #namespace: string;
  readonly #core: CoreV1Api;
  readonly #custom: CustomObjectsApi;
  readonly #ended = new AbortController();
  readonly #running: Promise<void>;

  constructor(namespace: string) {
    const config = new KubeConfig();
    config.loadFromDefault();
    this.#namespace = namespace;
    this.#core = config.makeApiClient(CoreV1Api);
    this.#custom = config.makeApiClient(CustomObjectsApi);
    this.#running = this.#run();
  }

  /** @throws what ended it before its time */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#ended;
    while (!signal.aborted) {
      await this.#look().catch((thrown: unknown) => {
        // Another was quicker, or a thing is gone meanwhile: the next look sees it.
        if (!(thrown instanceof ApiException) || ![404, 409].includes(thrown.code)) throw thrown;
      });
      await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #look(): Promise<void> {
    const [claims, templates, warmPools, pods] = await Promise.all([
      this.#all<SandboxClaim>("sandboxclaims"),
      this.#all<SandboxTemplate>("sandboxtemplates"),
      this.#all<SandboxWarmPool>("sandboxwarmpools"),
      this.#core.listNamespacedPod({ namespace: this.#namespace }),
    ]);
    const byName = new Map(templates.map((template) => [nameOf(template), template]));
    const world = { claims, templates: byName, warmPools, pods: pods.items };
    for (const claim of claims) if (claim.metadata?.deletionTimestamp === undefined) await this.#serve(claim, world);
    for (const warmPool of warmPools) await this.#fill(warmPool, world);
  }

  async #serve(claim: SandboxClaim, world: World): Promise<void> {
    const ends = claim.spec.lifecycle?.shutdownTime;
    if (ends !== undefined && new Date(ends).getTime() <= Date.now()) {
      await this.#custom.deleteNamespacedCustomObject({ ...this.#of("sandboxclaims"), name: nameOf(claim) });
      return;
    }
    const given = claim.status?.sandbox?.name;
    if (given !== undefined && given !== "")
      return await this.#tell(
        claim,
        world.pods.find((pod) => nameOf(pod) === given),
      );
    const warmPool = world.warmPools.find((pool) => nameOf(pool) === claim.spec.warmPoolRef.name);
    const template = world.templates.get(warmPool?.spec.sandboxTemplateRef.name ?? "");
    const refusal =
      refusalOf(claim) ??
      (warmPool === undefined ? warmPoolNotFound(claim.spec.warmPoolRef.name) : undefined) ??
      (template === undefined ? templateNotFound(warmPool?.spec.sandboxTemplateRef.name ?? "") : undefined);
    if (refusal !== undefined || warmPool === undefined || template === undefined)
      return await this.#write(claim, {
        ...claim.status,
        conditions: conditionsOf(claim.status?.conditions, refusal ?? []),
      });
    const pod = await this.#give(claim, waitingIn(warmPool, world.pods), template);
    world.pods.push(pod);
    await this.#tell(claim, pod);
  }

  /** One that waits, the readiest first, or a new one. */
  async #give(claim: SandboxClaim, waiting: V1Pod[], template: SandboxTemplate): Promise<V1Pod> {
    const { annotations } = claim.spec.additionalPodMetadata ?? {};
    const owner = ownerOf(claim, "SandboxClaim");
    const [pod] = waiting.toSorted((a, b) => Number(isPodReady(b)) - Number(isPodReady(a)));
    if (pod === undefined)
      return await this.#core.createNamespacedPod({
        namespace: this.#namespace,
        body: podOf(template, { name: nameOf(claim), annotations: { ...annotations }, ownerReferences: [owner] }),
      });
    const labels = { ...pod.metadata?.labels };
    delete labels[waitingLabel];
    pod.metadata = Object.assign(pod.metadata ?? {}, {
      labels,
      annotations: { ...pod.metadata?.annotations, ...annotations },
      ownerReferences: [owner],
    });
    return await this.#core.replaceNamespacedPod({ namespace: this.#namespace, name: nameOf(pod), body: pod });
  }

  async #tell(claim: SandboxClaim, pod: V1Pod | undefined): Promise<void> {
    const name = pod === undefined ? claim.status?.sandbox?.name : nameOf(pod);
    const podIPs = pod?.status?.podIPs?.map(({ ip }) => ip);
    await this.#write(claim, {
      conditions: conditionsOf(claim.status?.conditions, ofPod(pod)),
      sandbox: { ...(name === undefined ? {} : { name }), ...(podIPs === undefined ? {} : { podIPs }) },
    });
  }

  async #write(claim: SandboxClaim, status: object): Promise<void> {
    if (JSON.stringify(sorted(status)) === JSON.stringify(sorted(claim.status ?? {}))) return;
    const of = { ...this.#of("sandboxclaims"), name: nameOf(claim) };
    await this.#custom.replaceNamespacedCustomObjectStatus({ ...of, body: { ...claim, status } });
  }

  async #fill(warmPool: SandboxWarmPool, { templates, pods }: World): Promise<void> {
    const template = templates.get(warmPool.spec.sandboxTemplateRef.name);
    if (template === undefined) return;
    const lacking = warmPool.spec.replicas - waitingIn(warmPool, pods).length;
    for (let made = 0; made < lacking; made++) {
      const name = `${nameOf(warmPool)}-${randomBytes(4).toString("hex")}`;
      const ownerReferences = [ownerOf(warmPool, "SandboxWarmPool")];
      const pod = podOf(template, { name, labels: { [waitingLabel]: "yes" }, ownerReferences });
      await this.#core.createNamespacedPod({ namespace: this.#namespace, body: pod });
    }
  }

  async #all<T>(plural: string): Promise<T[]> {
    const { items } = (await this.#custom.listNamespacedCustomObject(this.#of(plural))) as { items: T[] };
    return items;
  }

  readonly #of = (plural: string) => ({ group, version, namespace: this.#namespace, plural });
}

const nameOf = ({ metadata }: { readonly metadata?: { readonly name?: string } }): string => metadata?.name ?? "";

const waitingIn = (warmPool: SandboxWarmPool, pods: readonly V1Pod[]): V1Pod[] =>
  pods.filter(
    ({ metadata, status }) =>
      metadata?.deletionTimestamp === undefined &&
      status?.phase !== "Failed" &&
      status?.phase !== "Succeeded" &&
      metadata?.ownerReferences?.some(({ uid }) => uid === warmPool.metadata?.uid) === true,
  );

const ownerOf = ({ metadata }: SandboxClaim | SandboxWarmPool, kind: string): V1OwnerReference => ({
  apiVersion: `${group}/${version}`,
  kind,
  name: metadata?.name ?? "",
  uid: metadata?.uid ?? "",
  controller: true,
  blockOwnerDeletion: true,
});

interface PodIdentity {
  readonly name: string;
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
  readonly ownerReferences: V1OwnerReference[];
}

function podOf({ spec: { podTemplate } }: SandboxTemplate, more: PodIdentity): V1Pod {
  const { labels, annotations } = podTemplate.metadata;
  return {
    metadata: { ...more, labels: { ...labels, ...more.labels }, annotations: { ...annotations, ...more.annotations } },
    spec: podTemplate.spec,
  };
}

/** Equal texts for equal values, in whatever order the API server gives them. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value as Record<string, unknown>).map(([key, one]) => [key, sorted(one)] as const);
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
