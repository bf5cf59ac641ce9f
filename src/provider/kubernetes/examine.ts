import { systemClock } from "../../core/clock.ts";
import { toBerthError } from "../../core/errors.ts";
import type { ProviderCheck } from "../provider-check.ts";
import { ApiServer } from "./api-server.ts";
import { howToInstall, missingResources } from "./claims/installed.ts";
import { apiVersion, extensionsGroup } from "./claims/resources.ts";
import { clusterAddress } from "./cluster-address.ts";
import { deadlines } from "./deadlines.ts";
import type { KubernetesProviderOptions } from "./options.ts";
import { refusalStatus } from "./refusal.ts";
import { parseReference } from "./registry/reference.ts";
import { Registry } from "./registry/registry.ts";
import { TokenBucket } from "./token-bucket.ts";

type Examined = Omit<KubernetesProviderOptions, "dataDir" | "exportLayer" | "startLife" | "log">;

interface Permission {
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly verb: string;
}

const ok = (name: string, detail: string): ProviderCheck => ({ name, result: "ok", detail, remedy: null });
const missing = (name: string, detail: string, remedy: string): ProviderCheck => ({
  name,
  result: "missing",
  detail,
  remedy,
});

const messageOf = (thrown: unknown): string => toBerthError(thrown).message;

/** Looks for what pods of sandboxes stand on; makes nothing. */
export async function examineCluster(options: Examined): Promise<readonly ProviderCheck[]> {
  let api: ApiServer;
  try {
    const turns = new TokenBucket({ perSecond: options.requestsPerSecond, burst: options.burst, clock: systemClock });
    api = new ApiServer({ address: clusterAddress(options), turns, clock: systemClock });
  } catch (thrown) {
    return [missing("api server", messageOf(thrown), "set kubernetes_kubeconfig, or run in the cluster")];
  }
  try {
    const server = await apiServer(api);
    if (server.result !== "ok") return [server];
    const rest = await Promise.all([
      namespace(api, options),
      permissions(api, options),
      ...(options.claims ? [agentSandbox(api)] : []),
      guestImage(options),
      ...Object.entries(options.runtimeClasses).map(([runtime, name]) => runtimeClass(api, runtime, name)),
    ]);
    return [server, ...rest];
  } finally {
    api.close();
  }
}

const get = <T>(api: ApiServer, path: string): Promise<T> =>
  api.ask<T>({ what: `read ${path}`, method: "GET", path, deadlineMs: deadlines.ask });

async function apiServer(api: ApiServer): Promise<ProviderCheck> {
  const { server } = api.address;
  try {
    const { gitVersion = "?" } = await get<{ gitVersion?: string }>(api, "/version");
    return ok("api server", `Kubernetes ${gitVersion} at ${server}`);
  } catch (thrown) {
    return missing("api server", messageOf(thrown), `kubectl --server ${server} version`);
  }
}

/** Levels of pod security that refuse the door what it needs. */
const tooStrict = new Set(["baseline", "restricted"]);
const podSecurity = "pod-security.kubernetes.io/enforce";

async function namespace(api: ApiServer, { namespace: name }: Examined): Promise<ProviderCheck> {
  const check = "namespace";
  try {
    const found = await get<{ metadata?: { labels?: Record<string, string> } }>(api, `/api/v1/namespaces/${name}`);
    const level = found.metadata?.labels?.[podSecurity];
    if (level === undefined || !tooStrict.has(level)) return ok(check, `${name} is there`);
    return missing(
      check,
      `${name} enforces pod security ${level}, which refuses the container that takes a sandbox's network away`,
      `kubectl label --overwrite namespace ${name} ${podSecurity}=privileged`,
    );
  } catch (thrown) {
    if (refusalStatus(thrown) === 403) return ok(check, `${name}; whether it is there may not be asked`);
    return missing(check, messageOf(thrown), `kubectl create namespace ${name}`);
  }
}

async function agentSandbox(api: ApiServer): Promise<ProviderCheck> {
  const check = "agent-sandbox";
  try {
    const lacking = await missingResources(api);
    if (lacking.length === 0) return ok(check, `its CRDs serve ${apiVersion}`);
    return missing(check, `the API server has no ${lacking.join(", ")} of ${apiVersion}`, howToInstall);
  } catch (thrown) {
    return missing(check, messageOf(thrown), howToInstall);
  }
}

/** Shapes are made and removed; claims are watched. */
const neededForClaims = (): Permission[] =>
  Object.entries({
    sandboxclaims: ["create", "delete", "get", "list", "watch"],
    sandboxtemplates: ["create", "delete", "list"],
    sandboxwarmpools: ["create", "delete", "list"],
  }).flatMap(([resource, verbs]) => verbs.map((verb) => ({ group: extensionsGroup, resource, verb })));

function needed({ connect, prepullSnapshots, claims }: Examined): Permission[] {
  const pods = ["create", "delete", "get", "list", "watch"].map((verb) => ({ group: "", resource: "pods", verb }));
  const policies = ["create", "get", "update"].map((verb) => ({
    group: "networking.k8s.io",
    resource: "networkpolicies",
    verb,
  }));
  const forward = { group: "", resource: "pods", subresource: "portforward", verb: "create" };
  const daemonSets = ["create", "delete", "get", "update"].map((verb) => ({
    group: "apps",
    resource: "daemonsets",
    verb,
  }));
  return [
    ...pods,
    ...policies,
    ...(connect === "port_forward" ? [forward] : []),
    ...(prepullSnapshots > 0 ? daemonSets : []),
    ...(claims ? neededForClaims() : []),
  ];
}

async function permissions(api: ApiServer, options: Examined): Promise<ProviderCheck> {
  const check = "permissions";
  const all = needed(options);
  try {
    const answers = await Promise.all(all.map((permission) => isAllowed(api, options.namespace, permission)));
    const denied = all.filter((_, index) => answers[index] === false).map(nameOf);
    if (denied.length === 0) return ok(check, `all ${all.length} that are needed in ${options.namespace}`);
    return missing(
      check,
      `not allowed: ${denied.join(", ")}`,
      "give the controller's role these in the namespace (docs/kubernetes.md)",
    );
  } catch (thrown) {
    return missing(
      check,
      messageOf(thrown),
      "allow selfsubjectaccessreviews, which every cluster's users have by default",
    );
  }
}

const nameOf = ({ verb, resource, subresource }: Permission): string =>
  `${verb} ${resource}${subresource === undefined ? "" : `/${subresource}`}`;

async function isAllowed(api: ApiServer, namespace: string, permission: Permission): Promise<boolean> {
  const { status } = await api.ask<{ status?: { allowed?: boolean } }>({
    what: `ask whether ${nameOf(permission)} is allowed`,
    method: "POST",
    path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
    body: {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectAccessReview",
      spec: { resourceAttributes: { ...permission, namespace } },
    },
    deadlineMs: deadlines.ask,
  });
  return status?.allowed === true;
}

async function guestImage({
  guestImage: image,
  registry,
  registryInsecure,
  registryCredentials,
}: Examined): Promise<ProviderCheck> {
  const check = "guest image";
  if (image === "") return missing(check, "none is named", "set kubernetes_guest_image");
  try {
    const client = new Registry({
      insecure: registryInsecure ? [registry.split("/")[0] ?? ""] : [],
      credentials: registryCredentials,
      architecture: process.arch === "arm64" ? "arm64" : "amd64",
    });
    const digest = await client.digestOf(parseReference(image));
    if (digest !== undefined) return ok(check, `${image} (${digest.slice(0, 19)}…)`);
    return missing(check, `its registry does not have ${image}`, "push it (docs/kubernetes.md)");
  } catch (thrown) {
    // Nodes may reach a registry that this machine does not.
    return {
      name: check,
      result: "degraded",
      detail: `${image}: ${messageOf(thrown)}`,
      remedy: "see that nodes can pull it",
    };
  }
}

async function runtimeClass(api: ApiServer, runtime: string, name: string): Promise<ProviderCheck> {
  const check = `runtime class ${name}`;
  try {
    const { handler = "?" } = await get<{ handler?: string }>(api, `/apis/node.k8s.io/v1/runtimeclasses/${name}`);
    return ok(check, `for ${runtime}: nodes call it ${handler}`);
  } catch (thrown) {
    if (refusalStatus(thrown) === 403) return ok(check, `for ${runtime}; whether it is there may not be asked`);
    return missing(check, messageOf(thrown), `kubectl get runtimeclass ${name}`);
  }
}
