import { createHash } from "node:crypto";
import type { V1NetworkPolicy } from "@kubernetes/client-node";
import type { ApiServer } from "./api-server.ts";
import { deadlines } from "./deadlines.ts";
import { doorPort, label } from "./names.ts";
import type { KubernetesProviderOptions } from "./options.ts";
import { refusalStatus, refusedAs } from "./refusal.ts";

const hashAnnotation = "berth.dev/content";

type PolicyOptions = Pick<KubernetesProviderOptions, "namespace" | "controllerLabels" | "controllerNamespace">;

/** Those of all sandboxes together: nobody but controllers comes in, nothing goes out but what setup steps of an environment's author ask for. */
export function policiesOf({ namespace, controllerLabels, controllerNamespace }: PolicyOptions): V1NetworkPolicy[] {
  const everySandbox = { matchExpressions: [{ key: label.sandbox, operator: "Exists" }] };
  const controllers = {
    podSelector: { matchLabels: { ...controllerLabels } },
    ...(controllerNamespace === "" || controllerNamespace === namespace
      ? {}
      : { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": controllerNamespace } } }),
  };
  const policy = (name: string, spec: NonNullable<V1NetworkPolicy["spec"]>): V1NetworkPolicy => ({
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: {
      name,
      namespace,
      annotations: { [hashAnnotation]: createHash("sha256").update(JSON.stringify(spec)).digest("hex").slice(0, 16) },
    },
    spec,
  });
  return [
    policy("berth-sandboxes", {
      podSelector: everySandbox,
      policyTypes: ["Ingress", "Egress"],
      ingress: [{ _from: [controllers], ports: [{ protocol: "TCP", port: doorPort }] }],
      egress: [],
    }),
    policy("berth-setup", {
      podSelector: { matchLabels: { [label.network]: "pod" } },
      policyTypes: ["Egress"],
      // Addresses at which clouds hand out the node's credentials.
      egress: [{ to: [{ ipBlock: { cidr: "0.0.0.0/0", except: ["169.254.0.0/16"] } }] }],
    }),
  ].map(onTheWire);
}

/** The client library calls the field that JavaScript reserves `_from`. */
function onTheWire(policy: V1NetworkPolicy): V1NetworkPolicy {
  const text = JSON.stringify(policy).replaceAll('"_from"', '"from"');
  return JSON.parse(text) as V1NetworkPolicy;
}

/** Makes them, or makes them what they should be; once at a controller's start. @throws BerthError `provider_unavailable` */
export async function ensurePolicies(api: ApiServer, options: PolicyOptions): Promise<void> {
  for (const policy of policiesOf(options)) await ensure(api, options.namespace, policy);
}

async function ensure(api: ApiServer, namespace: string, policy: V1NetworkPolicy): Promise<void> {
  const folder = `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies`;
  const name = policy.metadata?.name ?? "";
  const ask = (method: "GET" | "POST" | "PUT", path: string, body?: V1NetworkPolicy) =>
    api.ask<V1NetworkPolicy>({ what: `network policy ${name}`, method, path, body, deadlineMs: deadlines.ask });
  try {
    const there = await ask("GET", `${folder}/${name}`).catch((thrown: unknown) => {
      if (refusalStatus(thrown) === 404) return undefined;
      throw thrown;
    });
    const hash = policy.metadata?.annotations?.[hashAnnotation];
    if (there?.metadata?.annotations?.[hashAnnotation] === hash) return;
    if (there === undefined) await ask("POST", folder, policy);
    else await ask("PUT", `${folder}/${name}`, policy);
  } catch (thrown) {
    // Another controller that starts beside this one makes the same.
    if (refusalStatus(thrown) === 409) return;
    throw refusedAs("provider_unavailable", thrown);
  }
}
