import type { V1ObjectMeta } from "@kubernetes/client-node";
import { BerthError } from "../../../core/errors.ts";
import type { SandboxHandle, SandboxSpec } from "../../provider.ts";
import { sameSandbox } from "../../same-sandbox.ts";
import type { ApiObject } from "../collection.ts";
import { asLabelValue, expiresAnnotation, label, podAnnotations, providerName } from "../names.ts";
import { apiVersion, type SandboxClaim } from "./resources.ts";

export const claimName = (id: string): string => `berth-${id}`;

/** `endsAtMs`: when the claim's own controller ends it, whatever the guest says; Unix milliseconds. */
export function claimFor(
  spec: SandboxSpec,
  { namespace, warmPool, endsAtMs }: { namespace: string; warmPool: string; endsAtMs: number },
): SandboxClaim {
  const annotations = { ...podAnnotations(spec.labels), [label.sandbox]: spec.id };
  return {
    apiVersion,
    kind: "SandboxClaim",
    metadata: {
      name: claimName(spec.id),
      namespace,
      labels: { [label.owner]: asLabelValue(spec.labels.owner) },
      annotations,
    },
    spec: {
      warmPoolRef: { name: warmPool },
      lifecycle: {
        shutdownTime: new Date(endsAtMs).toISOString().replace(/\.\d+Z$/, "Z"),
        shutdownPolicy: "Delete",
      },
      // What the template says already may not be said again with another value, and need not be.
      additionalPodMetadata: { annotations: { ...annotations, [expiresAnnotation]: String(spec.expiresAtMs) } },
    },
  };
}

/** Whose a claim is, or a pod that was claimed; undefined when it is nobody's. */
export function annotatedHandle(metadata: V1ObjectMeta | undefined): SandboxHandle | undefined {
  const {
    [label.sandbox]: id,
    [label.owner]: owner,
    [label.purpose]: purpose,
    [label.incarnation]: incarnation,
  } = metadata?.annotations ?? {};
  if (!id || !owner || purpose === undefined || incarnation === undefined) return undefined;
  return { id, provider: providerName, labels: { owner, purpose, incarnation } };
}

export const isOf = (handle: SandboxHandle, object: ApiObject | undefined): boolean =>
  sameSandbox(handle, annotatedHandle(object?.metadata));

/** Reasons of a claim that is not ready which no waiting mends, and what does. Others, ReconcilerError among them, pass. */
const lasting: Readonly<Record<string, string>> = {
  InvalidMetadata: "Let the controller of agent-sandbox allow annotations of berth.dev on pods.",
  EnvVarsInjectionRejected: "See that nothing but Berth changes claims of Berth: it sets no variables.",
  VolumeClaimTemplatesError: "See that nothing but Berth changes claims of Berth: it asks for no volumes.",
  TemplateNotFound: "Try again: the template was removed meanwhile, and is made anew.",
  WarmPoolNotFound: "Try again: the warm pool was removed meanwhile, and is made anew.",
  ClaimExpired: "See that the clocks of controllers and cluster agree, and kubernetes_max_pod_seconds.",
  SandboxExpired: "See that nothing but Berth sets a shutdownTime on its sandboxes.",
  SandboxSuspended: "See that nothing but Berth suspends its sandboxes.",
  MultiplePods: "Look at the pods of the Sandbox by that name: one of them is not its controller's.",
};

/** The shape is not there: it must be made anew. */
export const isShapeMissing = (claim: SandboxClaim | undefined): boolean =>
  ["TemplateNotFound", "WarmPoolNotFound"].includes(conditionOf(claim, "Ready")?.reason ?? "");

const conditionOf = (claim: SandboxClaim | undefined, type: string) =>
  claim?.status?.conditions?.find((condition) => condition.type === type);

/** Why a claim will not become a sandbox; undefined as long as it may. */
export function claimFailure(claim: SandboxClaim): BerthError | undefined {
  const name = claim.metadata?.name ?? "";
  const finished = conditionOf(claim, "Finished");
  if (finished?.status === "True") {
    return new BerthError(
      "sandbox_create_failed",
      `The pod of claim ${name} ended before it was used: ${finished.reason}: ${finished.message}`,
      { remedy: `kubectl describe sandboxclaim ${name} tells its pod; what that says is what ended it.` },
    );
  }
  const ready = conditionOf(claim, "Ready");
  const remedy = lasting[ready?.reason ?? ""];
  if (ready?.status !== "False" || remedy === undefined) return undefined;
  return new BerthError("sandbox_create_failed", `The claim ${name} is refused: ${ready.reason}: ${ready.message}`, {
    remedy,
  });
}

export const isReady = (claim: SandboxClaim): boolean => conditionOf(claim, "Ready")?.status === "True";

/** The pod that was given to the claim. */
export const podNameOf = (claim: SandboxClaim | undefined): string | undefined =>
  claim?.status?.sandbox?.name || undefined;

/** For the message of a claim that took too long. */
export function whyNotReady(claim: SandboxClaim | undefined): string {
  if (claim === undefined) return "the API server does not show it";
  const ready = conditionOf(claim, "Ready");
  if (ready === undefined) return "no controller has looked at it: is agent-sandbox running?";
  return `${ready.reason}: ${ready.message}`;
}
