import type { Duplex } from "node:stream";
import type { V1Pod } from "@kubernetes/client-node";
import { systemClock } from "../../core/clock.ts";
import { BerthError } from "../../core/errors.ts";
import { noImageCopies, type Provider, type SandboxHandle, type SandboxSpec } from "../provider.ts";
import { ApiServer } from "./api-server.ts";
import { capabilitiesOf } from "./capabilities.ts";
import { assertInstalled } from "./claims/installed.ts";
import { openClaims } from "./claims/open-claims.ts";
import { withClaims } from "./claims/use-claims.ts";
import { clusterAddress } from "./cluster-address.ts";
import { clusterPlace } from "./cluster-place.ts";
import { createSandbox } from "./create-sandbox.ts";
import { dialDoor } from "./dial.ts";
import { loadDoorKey } from "./door-key.ts";
import { containerName, doorPort, ownerSelector, providerName } from "./names.ts";
import { ensurePolicies } from "./network-policies.ts";
import { observePod } from "./observe.ts";
import type { KubernetesProviderOptions } from "./options.ts";
import { ownPods } from "./own-pods.ts";
import { stateOf } from "./pod-state.ts";
import { Watch } from "./watch.ts";
import { podsOf } from "./pods.ts";
import { forwardToDoor } from "./port-forward.ts";
import { Prepull } from "./prepull/prepull.ts";
import { kubernetesResidue } from "./residue.ts";
import { Registry } from "./registry/registry.ts";
import { registryManifests } from "./snapshots/registry-manifests.ts";
import { RegistrySnapshots } from "./snapshots/snapshot-store.ts";
import { TokenBucket } from "./token-bucket.ts";

/**
 * Sandboxes as pods of a Kubernetes cluster.
 * @throws BerthError `invalid_config` when it is not said where the cluster or the guest's image is, `provider_unavailable` when the API server does not answer
 */
export async function createKubernetesProvider(options: KubernetesProviderOptions): Promise<Provider> {
  const { clock = systemClock, namespace } = options;
  const log = options.log.child({ provider: providerName });
  if (options.guestImage === "")
    throw new BerthError("invalid_config", "kubernetes_guest_image must name the image with the guest's program.");
  if (options.registry === "")
    throw new BerthError("invalid_config", "kubernetes_registry must name the registry that snapshots are kept in.");
  const key = await loadDoorKey(options);
  const api = new ApiServer({
    address: clusterAddress(options),
    turns: new TokenBucket({ perSecond: options.requestsPerSecond, burst: options.burst, clock }),
    clock,
  });
  if (!options.onlyLooks) {
    await ensurePolicies(api, options).catch((thrown: unknown) => {
      api.close();
      throw thrown;
    });
  }
  const place = await clusterPlace(api, namespace).catch((thrown: unknown) => {
    api.close();
    throw thrown;
  });
  if (options.claims) {
    await assertInstalled(api).catch((thrown: unknown) => {
      api.close();
      throw thrown;
    });
  }
  const pods = podsOf(api, namespace);
  const watches = new Map<string, Watch<V1Pod>>();
  const watchOf = (owner: string): Watch<V1Pod> => {
    const watch =
      watches.get(owner) ?? new Watch({ api, collection: pods, selector: ownerSelector(owner), clock, log });
    watches.set(owner, watch);
    return watch;
  };
  const imageFor = async ({ base }: SandboxSpec) => {
    if (base.kind === "image") return base.image.location;
    const image = await snapshots.image(base.key);
    prepull?.use(image);
    return image;
  };
  const own = ownPods({ pods, options, key, watchOf, imageFor, clock });
  const claims = options.claims
    ? openClaims({ api, pods, options, key, watchOf, imageFor, dial: dialPod, clock, log })
    : undefined;
  const backing = claims === undefined ? own : withClaims(own, claims.backing);
  const streams = new Map<string, Set<Duplex>>();
  const endStreams = ({ id }: SandboxHandle) => {
    for (const stream of streams.get(id) ?? []) stream.destroy();
  };
  const keep = ({ id }: SandboxHandle, stream: Duplex) => {
    const kept = streams.get(id) ?? new Set();
    streams.set(id, kept.add(stream));
    stream.once("close", () => {
      kept.delete(stream);
      if (kept.size === 0 && streams.get(id) === kept) streams.delete(id);
    });
  };

  async function runningPod(handle: SandboxHandle, signal?: AbortSignal) {
    const pod = await backing.podOf(handle, signal);
    if (pod !== undefined && stateOf(pod).status === "running") return pod;
    throw new BerthError("sandbox_lost", `The sandbox ${handle.id} is not running.`);
  }

  /** Nobody goes in any more: a guest that is told to end still answers, and what it says then is no outcome. */
  const ending = new Set<string>();
  async function destroy(handle: SandboxHandle): Promise<void> {
    ending.add(handle.id);
    try {
      endStreams(handle);
      await backing.remove(handle);
    } finally {
      ending.delete(handle.id);
    }
  }

  /** A stream to the door of a pod that begins so. */
  async function dialPod({ metadata, status }: V1Pod, beginning: Buffer, signal?: AbortSignal): Promise<Duplex> {
    const { name = "" } = metadata ?? {};
    const host = status?.podIP;
    if (host === undefined) throw new BerthError("sandbox_lost", `The pod ${name} has no address.`);
    return options.connect === "pod"
      ? await dialDoor({ host, port: doorPort }, beginning, signal)
      : await forwardToDoor(api.address, { namespace, name }, beginning, signal);
  }

  const capabilities = capabilitiesOf(options);

  async function connect(handle: SandboxHandle, signal?: AbortSignal): Promise<Duplex> {
    const pod = await runningPod(handle, signal);
    if (ending.has(handle.id)) throw new BerthError("sandbox_lost", `The sandbox ${handle.id} is being destroyed.`);
    const stream = await dialPod(pod, key.secretOf(handle), signal);
    keep(handle, stream);
    return stream;
  }

  const source = { registry: registryOf(options), prefix: options.registry };
  const snapshots = new RegistrySnapshots(source, {
    imageOf: async (handle, { signal }) => imageOf(await backing.podOf(handle, signal)),
    openLayer: (handle, limits, { signal }) =>
      options.exportLayer((call) => connect(handle, call.signal), limits, signal),
    destroy,
  });

  const prepull =
    options.prepullSnapshots > 0 && !options.onlyLooks
      ? new Prepull({ api, options, most: options.prepullSnapshots, clock, log })
      : undefined;

  return {
    name: providerName,
    place,
    manifests: registryManifests(source),
    capabilities,
    snapshots,
    imageCopies: noImageCopies,
    create: createSandbox({ synced: (owner) => watchOf(owner).synced(), backing, capabilities, options, log }),

    connect: (handle, { signal } = {}) => connect(handle, signal),
    inspect: async (handle) => stateOf(await backing.podOf(handle)),
    observe: async (handle, { signal } = {}) => observePod(await runningPod(handle, signal), options),
    destroy,

    list: (owner) => backing.list(owner),

    residue: (owner) => kubernetesResidue(pods, owner, clock.now()),

    async close() {
      prepull?.[Symbol.dispose]();
      for (const watch of watches.values()) watch.close();
      claims?.close();
      for (const kept of streams.values()) for (const stream of kept) stream.destroy();
      api.close();
    },
  };
}

const registryOf = ({ registry, registryInsecure, registryCredentials }: KubernetesProviderOptions): Registry =>
  new Registry({
    insecure: registryInsecure ? [registry.split("/", 1).join("")] : [],
    credentials: registryCredentials,
    architecture: process.arch === "x64" ? "amd64" : process.arch,
  });

/** What the sandbox itself runs, not its helpers. */
const imageOf = (pod: V1Pod | undefined): string | undefined =>
  pod?.spec?.containers.find(({ name }) => name === containerName)?.image;
