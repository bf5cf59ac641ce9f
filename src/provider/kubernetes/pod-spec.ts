import type {
  V1Container,
  V1EnvVar,
  V1Pod,
  V1PodSpec,
  V1ResourceRequirements,
  V1SeccompProfile,
  V1SecurityContext,
} from "@kubernetes/client-node";
import { guestArguments } from "../guest-arguments.ts";
import { guestCapabilities, type SandboxSpec } from "../provider.ts";
import {
  containerName,
  doorName,
  doorPort,
  expiresAnnotation,
  guestFolder,
  guestInImage,
  guestPath,
  guestSocket,
  installName,
  label,
  podAnnotations,
  podLabels,
  podName,
  stateFolder,
  toolHome,
} from "./names.ts";
import type { PodOptions } from "./options.ts";
import { graceSeconds } from "./pods.ts";

const guestVolume = "guest";
const stateVolume = "state";
/** Of the door: what it needs to take the interface away, and it drops all of them before it lets anyone in. */
const doorCapabilities = ["NET_ADMIN", "SETPCAP", "SYS_ADMIN"];
/** The guest's own program and the door are a few megabytes each. */
const smallResources: V1ResourceRequirements = {
  requests: { cpu: "1m", memory: "8Mi" },
  limits: { memory: "64Mi" },
};
/** A resolver that is nobody: sandboxes resolve no names, and the field may not be empty. */
const noResolver = "127.0.0.1";

/** What a pod is made from besides its spec. */
export interface PodParts {
  /** What the container starts from, as nodes pull it. */
  readonly image: string;
  /** By what the door knows whom to let in: its arguments, and what they are put together from. */
  readonly door: { readonly arguments: readonly string[]; readonly env?: readonly V1EnvVar[] };
  /** When the guest ends itself, in its own arguments, where that is not the spec's expiry. */
  readonly expiry?: readonly string[];
  /** After so many seconds the kubelet ends it, whatever the guest says. It cannot be put off. */
  readonly deadlineSeconds?: number;
}

/** The arguments of a door that opens to one secret from the start. `hash`: its SHA-256, in hexadecimal digits. */
export const doorOfSecret = (hash: string): PodParts["door"] => ({ arguments: ["--secret-sha256", hash] });

/** What the network policies go by. */
export const networkOf = ({ profile }: SandboxSpec): "pod" | "none" => (profile.network === "host" ? "pod" : "none");

/** A node that makes room must not take a rollout's sandbox for it. */
export const stayingAnnotations = { "cluster-autoscaler.kubernetes.io/safe-to-evict": "false" } as const;

/** The pod of a sandbox. Nothing that the image declares for itself but its variables is taken over. */
export function podOf(spec: SandboxSpec, parts: PodParts, options: PodOptions): V1Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: podName(spec.id),
      namespace: options.namespace,
      labels: { ...podLabels(spec.id, spec.labels), [label.network]: networkOf(spec) },
      annotations: {
        ...podAnnotations(spec.labels),
        [expiresAnnotation]: String(spec.expiresAtMs),
        ...stayingAnnotations,
      },
    },
    // The guest ends itself at its expiry, which can be put off; this is for a guest that does not.
    spec: podSpecOf(spec, { ...parts, deadlineSeconds: options.maxPodSeconds }, options),
  };
}

/** What the pod is made of, whoever makes it. It ends when its guest does. */
export function podSpecOf(spec: SandboxSpec, parts: PodParts, options: PodOptions): V1PodSpec {
  const { profile } = spec;
  const runtimeClassName = options.runtimeClasses[profile.runtime];
  const isOnNetwork = profile.network === "host";
  return {
    restartPolicy: "Never",
    terminationGracePeriodSeconds: graceSeconds,
    ...(parts.deadlineSeconds === undefined ? {} : { activeDeadlineSeconds: parts.deadlineSeconds }),
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    hostname: "berth",
    hostNetwork: false,
    hostPID: false,
    hostIPC: false,
    ...(profile.user_namespace !== "never" && options.userNamespaces ? { hostUsers: false } : {}),
    shareProcessNamespace: false,
    ...(isOnNetwork ? {} : { dnsPolicy: "None", dnsConfig: { nameservers: [noResolver] } }),
    ...(runtimeClassName === undefined ? {} : { runtimeClassName }),
    nodeSelector: { ...options.nodeSelector },
    tolerations: options.tolerations.map(({ key, value, effect }) => ({
      key,
      operator: value === undefined ? "Exists" : "Equal",
      ...(value === undefined ? {} : { value }),
      ...(effect === undefined ? {} : { effect }),
    })),
    imagePullSecrets: options.imagePullSecrets.map((name) => ({ name })),
    volumes: [
      { name: guestVolume, emptyDir: { sizeLimit: "64Mi" } },
      { name: stateVolume, emptyDir: { sizeLimit: `${options.ephemeralStorageMb}Mi` } },
    ],
    initContainers: [install(options), door(spec, parts, options)],
    containers: [sandbox(spec, parts, options)],
  };
}

function install({ guestImage }: PodOptions): V1Container {
  return {
    name: installName,
    image: guestImage,
    command: [guestInImage, "install", guestPath],
    securityContext: ours([]),
    resources: smallResources,
    terminationMessagePolicy: "FallbackToLogsOnError",
    volumeMounts: [{ name: guestVolume, mountPath: guestFolder }],
  };
}

/** Beside the sandbox until that ends. Without a network for tools it takes the pod's interface away with it. */
function door(
  spec: SandboxSpec,
  { door: { arguments: knowing, env } }: PodParts,
  { guestImage, connect }: PodOptions,
): V1Container {
  const isAway = spec.profile.network !== "host";
  const command = [guestInImage, "door", "--listen", `:${doorPort}`, "--to", guestSocket, ...knowing];
  // A port-forward ends at the loopback of the pod's first network namespace.
  const alsoHere = connect === "port_forward" && isAway ? ["--also-here", `127.0.0.1:${doorPort}`] : [];
  return {
    name: doorName,
    image: guestImage,
    command: [...command, ...(isAway ? ["--away"] : []), ...alsoHere],
    ...(env === undefined ? {} : { env: [...env] }),
    restartPolicy: "Always",
    // The namespaces that it makes are what seccomp filters are there to refuse.
    securityContext: ours(isAway ? doorCapabilities : ["SETPCAP"], isAway ? { type: "Unconfined" } : undefined),
    resources: smallResources,
    terminationMessagePolicy: "FallbackToLogsOnError",
    volumeMounts: [{ name: stateVolume, mountPath: stateFolder }],
  };
}

function sandbox(spec: SandboxSpec, { image, expiry = [] }: PodParts, options: PodOptions): V1Container {
  const { profile } = spec;
  return {
    name: containerName,
    image,
    imagePullPolicy: "IfNotPresent",
    command: [
      guestPath,
      ...guestArguments(spec, { listen: guestSocket, home: toolHome }, [...ownArguments(spec, options), ...expiry]),
    ],
    workingDir: "/",
    env: [{ name: "HOME", value: toolHome }],
    // Where tools cannot go: by default it is a file of the node's that everyone may fill.
    terminationMessagePath: `${stateFolder}/termination`,
    securityContext: {
      runAsUser: 0,
      runAsGroup: 0,
      runAsNonRoot: false,
      privileged: false,
      readOnlyRootFilesystem: false,
      procMount: "Default",
      allowPrivilegeEscalation: !profile.no_new_privs,
      capabilities: { drop: ["ALL"], add: [...granted(spec)] },
      seccompProfile: seccompOf(profile.seccomp, options.seccompFolder),
    },
    resources: resourcesOf(spec, options),
    volumeMounts: [
      { name: guestVolume, mountPath: guestFolder, readOnly: true },
      { name: stateVolume, mountPath: stateFolder },
    ],
  };
}

/** Whether what changes in it may be asked for as a layer. */
const isKept = ({ labels }: SandboxSpec, { keeps = "builds" }: PodOptions): boolean =>
  keeps === "all" || labels.purpose.startsWith("build:");

const ownArguments = (spec: SandboxSpec, options: PodOptions): string[] => [
  "--open-files",
  String(spec.profile.limits.open_files),
  // Kubernetes tells every container where its API server is.
  "--forget-env",
  "KUBERNETES_",
  ...(isKept(spec, options) ? ["--build"] : []),
];

const granted = ({ profile }: SandboxSpec): Set<string> =>
  new Set([...guestCapabilities, ...profile.capabilities].map((name) => name.replace(/^CAP_/, "")));

function seccompOf(name: string, folder: string): V1SeccompProfile {
  if (name === "unconfined") return { type: "Unconfined" };
  if (folder === "") return { type: "RuntimeDefault" };
  return { type: "Localhost", localhostProfile: `${folder}/${name}.json` };
}

function resourcesOf({ resources }: SandboxSpec, options: PodOptions): V1ResourceRequirements {
  const milli = Math.round(resources.cpus * 1000);
  const part = (whole: number) => Math.max(1, Math.ceil((whole * options.requestPercent) / 100));
  return {
    requests: { cpu: `${part(milli)}m`, memory: `${part(resources.memory_mb)}Mi`, "ephemeral-storage": "1Mi" },
    limits: {
      cpu: `${milli}m`,
      memory: `${resources.memory_mb}Mi`,
      "ephemeral-storage": `${options.ephemeralStorageMb}Mi`,
    },
  };
}

/** Of the containers that run our own program only. */
function ours(
  add: readonly string[],
  seccompProfile: V1SeccompProfile = { type: "RuntimeDefault" },
): V1SecurityContext {
  return {
    runAsUser: 0,
    runAsGroup: 0,
    runAsNonRoot: false,
    privileged: false,
    readOnlyRootFilesystem: true,
    allowPrivilegeEscalation: add.includes("SYS_ADMIN"),
    capabilities: { drop: ["ALL"], add: [...add] },
    seccompProfile,
  };
}
