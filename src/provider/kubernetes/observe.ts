import type { V1Pod } from "@kubernetes/client-node";
import type { Runtime } from "../../model/profile.ts";
import { nothingObserved, type Limit, type NamespaceName, type Observation } from "../observation.ts";
import { containerName } from "./names.ts";
import type { PodOptions } from "./options.ts";
import { statusOf } from "./pod-state.ts";

/**
 * A running pod as the API server has it; of its limits, what the node says that it has set. The rest is for the probe inside: there the kernel tells.
 */
export function observePod(pod: V1Pod, { runtimeClasses }: Pick<PodOptions, "runtimeClasses">): Observation {
  const { spec } = pod;
  const asked = spec?.containers.find(({ name }) => name === containerName);
  const limits = statusOf(pod, containerName)?.resources?.limits ?? asked?.resources?.limits ?? {};
  return {
    ...nothingObserved,
    runtime: runtimeOf(spec?.runtimeClassName, runtimeClasses),
    hostNamespaces: hostNamespacesOf(spec ?? {}),
    rootIsHostRoot: spec?.hostUsers !== false,
    memoryBytes: bytesOf(limits["memory"]),
    cpus: cpusOf(limits["cpu"]),
    noNewPrivileges: asked?.securityContext?.allowPrivilegeEscalation === false,
    hostPaths: (spec?.volumes ?? []).flatMap(({ hostPath }) => (hostPath ? [hostPath.path] : [])),
    devices: (asked?.volumeDevices ?? []).map(({ devicePath }) => devicePath),
    unknowable: {
      "swap limit": "the API does not tell whether a kubelet gives containers swap",
      "process limit": "the API does not tell a kubelet's podPidsLimit",
    },
  };
}

function runtimeOf(name: string | undefined, classes: PodOptions["runtimeClasses"]): Runtime | null {
  if (name === undefined) return "runc";
  if (name === classes.runsc) return "runsc";
  return name === classes.runc ? "runc" : null;
}

function hostNamespacesOf({ hostNetwork, hostPID, hostIPC }: Partial<NonNullable<V1Pod["spec"]>>): NamespaceName[] {
  const shared: readonly (readonly [NamespaceName, boolean | undefined])[] = [
    ["net", hostNetwork],
    ["pid", hostPID],
    ["ipc", hostIPC],
  ];
  return shared.filter(([, isShared]) => isShared === true).map(([name]) => name);
}

const units: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** A quantity as Kubernetes writes it; null when it is written in a way that no limit of ours is. */
function bytesOf(quantity: string | undefined): Limit | null {
  if (quantity === undefined) return "none";
  const [, number = "", unit = ""] = /^(\d+(?:\.\d+)?)([A-Za-z]*)$/.exec(quantity) ?? [];
  const factor = units[unit];
  return number === "" || factor === undefined ? null : Number(number) * factor;
}

function cpusOf(quantity: string | undefined): Limit | null {
  if (quantity === undefined) return "none";
  const [, number = "", unit = ""] = /^(\d+(?:\.\d+)?)(m?)$/.exec(quantity) ?? [];
  if (number === "") return null;
  return unit === "m" ? Number(number) / 1000 : Number(number);
}
