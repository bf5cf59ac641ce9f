import type { V1Condition, V1PodSpec } from "@kubernetes/client-node";
import type { ApiServer } from "../api-server.ts";
import { collectionOf, type ApiObject, type Collection } from "../collection.ts";

/** Of the project agent-sandbox, in the version whose fields these are. */
export const extensionsGroup = "extensions.agents.x-k8s.io";
export const apiVersion = `${extensionsGroup}/v1beta1`;
export const extensionsPath = `/apis/${apiVersion}`;

interface PodMetadata {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What its controller makes pods from. */
export interface SandboxTemplate extends ApiObject {
  readonly apiVersion: string;
  readonly kind: "SandboxTemplate";
  readonly spec: {
    readonly podTemplate: { readonly metadata: PodMetadata; readonly spec: V1PodSpec };
    readonly networkPolicyManagement: "Managed" | "Unmanaged";
    readonly envVarsInjectionPolicy: "Disallowed";
    readonly service: boolean;
  };
}

/** Keeps so many pods of a template started. */
export interface SandboxWarmPool extends ApiObject {
  readonly apiVersion: string;
  readonly kind: "SandboxWarmPool";
  readonly spec: { readonly replicas: number; readonly sandboxTemplateRef: { readonly name: string } };
}

/** Asks for one of a pool's pods, or for a new one where none waits. */
export interface SandboxClaim extends ApiObject {
  readonly apiVersion: string;
  readonly kind: "SandboxClaim";
  readonly spec: {
    readonly warmPoolRef: { readonly name: string };
    readonly lifecycle?: { readonly shutdownTime: string; readonly shutdownPolicy: "Delete" };
    readonly additionalPodMetadata?: PodMetadata;
  };
  readonly status?: {
    readonly conditions?: readonly V1Condition[];
    /** `name` is the pod's, too. */
    readonly sandbox?: { readonly name?: string; readonly podIPs?: readonly string[] };
  };
}

export interface Resources {
  readonly claims: Collection<SandboxClaim>;
  readonly templates: Collection<SandboxTemplate>;
  readonly warmPools: Collection<SandboxWarmPool>;
}

/** What Berth uses of agent-sandbox in one namespace. A claim stays until all that is its own is gone. */
export function resourcesOf(api: ApiServer, namespace: string): Resources {
  const path = (plural: string) => `${extensionsPath}/namespaces/${namespace}/${plural}`;
  const foreground = { propagationPolicy: "Foreground" };
  const background = { propagationPolicy: "Background" };
  return {
    claims: collectionOf(api, { kind: "sandboxclaim", path: path("sandboxclaims"), removal: foreground }),
    templates: collectionOf(api, { kind: "sandboxtemplate", path: path("sandboxtemplates"), removal: background }),
    warmPools: collectionOf(api, { kind: "sandboxwarmpool", path: path("sandboxwarmpools"), removal: background }),
  };
}
