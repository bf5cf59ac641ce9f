import { createHash } from "node:crypto";
import type { SandboxSpec } from "../../provider.ts";
import { asLabelValue, label } from "../names.ts";
import type { PodOptions } from "../options.ts";
import { networkOf, podSpecOf, stayingAnnotations } from "../pod-spec.ts";
import { apiVersion, type SandboxTemplate, type SandboxWarmPool } from "./resources.ts";

/** The pods of a shape know their own uid by this variable of the door. */
const podUid = "BERTH_POD_UID";

/** What sandboxes of one owner have in common that could each take any of the same pods. */
export interface Shape {
  readonly name: string;
  readonly template: SandboxTemplate;
  readonly warmPool: SandboxWarmPool;
}

export interface ShapeParts {
  /** What the container starts from, as nodes pull it. */
  readonly image: string;
  /** Of whoever binds doors, in hexadecimal digits. */
  readonly bindingKey: string;
  readonly warmReplicas: number;
}

/** A spec → its shape, which is named by its content: whatever differs between two pods makes two shapes. */
export function shapeOf(spec: SandboxSpec, parts: ShapeParts, options: PodOptions): Shape {
  const { owner } = spec.labels;
  const forNobody: SandboxSpec = { ...spec, expiresAtMs: 0 };
  const podTemplate = {
    metadata: {
      // The network policies go by these. Whose the pod is by now is in its annotations: claims may not bring such labels.
      labels: { [label.sandbox]: "", [label.owner]: asLabelValue(owner), [label.network]: networkOf(spec) },
      annotations: { [label.owner]: owner, ...stayingAnnotations },
    },
    spec: podSpecOf(
      forNobody,
      {
        image: parts.image,
        door: {
          arguments: ["--binding-key", parts.bindingKey, "--pod-uid", `$(${podUid})`],
          env: [{ name: podUid, valueFrom: { fieldRef: { fieldPath: "metadata.uid" } } }],
        },
        expiry: ["--expiry-to-come"],
      },
      options,
    ),
  };
  const content = JSON.stringify([owner, podTemplate]);
  const name = `berth-${createHash("sha256").update(content).digest("hex").slice(0, 24)}`;
  const metadata = {
    name,
    namespace: options.namespace,
    labels: { [label.owner]: asLabelValue(owner) },
    annotations: { [label.owner]: owner },
  };
  return {
    name,
    template: {
      apiVersion,
      kind: "SandboxTemplate",
      metadata,
      // The namespace's own two policies hold for these pods as for all others.
      spec: { podTemplate, networkPolicyManagement: "Unmanaged", envVarsInjectionPolicy: "Disallowed", service: false },
    },
    warmPool: {
      apiVersion,
      kind: "SandboxWarmPool",
      metadata,
      spec: { replicas: parts.warmReplicas, sandboxTemplateRef: { name } },
    },
  };
}
