import { createHash } from "node:crypto";
import type { V1Pod } from "@kubernetes/client-node";
import type { SandboxHandle, SandboxLabels } from "../provider.ts";
import { sameSandbox } from "../same-sandbox.ts";

export const providerName = "kubernetes";

/** Labels, by which pods are selected. Values that are no label's are hashed; annotations of the same names have the whole text. */
export const label = {
  owner: "berth.dev/owner",
  purpose: "berth.dev/purpose",
  incarnation: "berth.dev/incarnation",
  sandbox: "berth.dev/sandbox",
  /** `none` or `pod`: what the network policies go by. */
  network: "berth.dev/network",
} as const;

/** Annotation: Unix milliseconds. */
export const expiresAnnotation = "berth.dev/expires-at";

/** Where the door listens, at the pod's address. */
export const doorPort = 7421;

/** Where the volume with the guest's binary is mounted, read-only. */
export const guestFolder = "/.berth";
export const guestPath = `${guestFolder}/guest`;
/** Where the guest image has it. */
export const guestInImage = "/berth-guest";
/** The guest's socket and its spool; nobody but root enters. */
export const stateFolder = "/run/berth";
export const guestSocket = `unix:${stateFolder}/guest.sock`;
export const toolHome = "/home/agent";

export const containerName = "sandbox";
export const doorName = "door";
export const installName = "install";

export const podName = (id: string): string => `berth-${id}`;

const labelValue = /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/;

/** The text itself where it may be a label's value; else a hash of it. */
export const asLabelValue = (text: string): string =>
  labelValue.test(text) ? text : `sha256-${createHash("sha256").update(text).digest("hex").slice(0, 40)}`;

export const ownerSelector = (owner: string): string => `${label.owner}=${asLabelValue(owner)}`;

export function podLabels(id: string, { owner, purpose, incarnation }: SandboxLabels): Record<string, string> {
  return {
    [label.sandbox]: id,
    [label.owner]: asLabelValue(owner),
    [label.purpose]: asLabelValue(purpose),
    [label.incarnation]: asLabelValue(incarnation),
  };
}

export function podAnnotations({ owner, purpose, incarnation }: SandboxLabels): Record<string, string> {
  return { [label.owner]: owner, [label.purpose]: purpose, [label.incarnation]: incarnation };
}

/** A pod → the handle of its sandbox; undefined when it is none of Berth's. */
export function handleOf({ metadata }: V1Pod): SandboxHandle | undefined {
  const id = metadata?.labels?.[label.sandbox];
  const owner = metadata?.annotations?.[label.owner];
  const purpose = metadata?.annotations?.[label.purpose];
  const incarnation = metadata?.annotations?.[label.incarnation];
  if (!id || !owner || purpose === undefined || incarnation === undefined) return undefined;
  return { id, provider: providerName, labels: { owner, purpose, incarnation } };
}

/** The pod if it is exactly this sandbox's. */
export const ofSandbox = (handle: SandboxHandle, pod: V1Pod | undefined): V1Pod | undefined =>
  pod !== undefined && sameSandbox(handle, handleOf(pod)) ? pod : undefined;
