import type { V1Condition, V1Pod } from "@kubernetes/client-node";
import type { SandboxClaim } from "../../../src/provider/kubernetes/claims/resources.ts";

type Finding = Pick<V1Condition, "type" | "status" | "reason" | "message">;

const notReady = (reason: string, message: string): Finding[] => [{ type: "Ready", status: "False", reason, message }];

/** Domains that annotations of a claim's pod may not be of; labels may only be of `sandbox.users.io`. */
const restricted = /^(?:[^/]*\.)?(?:kubernetes\.io|k8s\.io|agents\.x-k8s\.io)\//;
const allowedLabel = /^(?:[^/]*\.)?sandbox\.users\.io\//;

/** What the documentation lets no claim bring. */
export function refusalOf({ spec: { additionalPodMetadata = {} } }: SandboxClaim): Finding[] | undefined {
  const { labels = {}, annotations = {} } = additionalPodMetadata;
  const wrong = [
    ...Object.keys(labels).filter((key) => !allowedLabel.test(key)),
    ...Object.keys(annotations).filter((key) => restricted.test(key)),
  ];
  return wrong.length === 0 ? undefined : notReady("InvalidMetadata", `not allowed: ${wrong.join(", ")}`);
}

export const warmPoolNotFound = (name: string): Finding[] =>
  notReady("WarmPoolNotFound", `SandboxWarmPool "${name}" not found`);

export const templateNotFound = (name: string): Finding[] =>
  notReady("TemplateNotFound", `SandboxTemplate "${name}" not found`);

/** What a claim's conditions are for the pod that it was given. */
export function ofPod(pod: V1Pod | undefined): Finding[] {
  if (pod === undefined) return notReady("SandboxMissing", "Sandbox does not exist");
  const { phase = "", podIP, conditions = [] } = pod.status ?? {};
  if (phase === "Failed" || phase === "Succeeded") {
    const reason = `Pod${phase}`;
    return [
      ...notReady(reason, "Pod has ended"),
      { type: "Finished", status: "True", reason, message: "Pod has ended" },
    ];
  }
  if (isPodReady(pod) && podIP)
    return [{ type: "Ready", status: "True", reason: "DependenciesReady", message: "Pod is Ready" }];
  const scheduled = conditions.find(({ type }) => type === "PodScheduled");
  return notReady("DependenciesNotReady", scheduled?.message ?? `Pod exists with phase: ${phase}`);
}

export const isPodReady = ({ status }: V1Pod): boolean =>
  status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True") === true;

/** With the times of those that are as they were. */
export function conditionsOf(before: readonly V1Condition[] | undefined, found: readonly Finding[]): V1Condition[] {
  return found.map((finding) => {
    const same = before?.find(({ type, status }) => type === finding.type && status === finding.status);
    const lastTransitionTime = same?.lastTransitionTime ?? (new Date().toISOString() as unknown as Date);
    return { ...finding, lastTransitionTime };
  });
}
