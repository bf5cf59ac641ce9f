import type { V1DaemonSet, V1SecurityContext } from "@kubernetes/client-node";
import { z } from "zod";
import { guestFolder, guestInImage, guestPath, installName } from "../names.ts";
import type { PodOptions } from "../options.ts";
import type { LastUsed } from "./hot-images.ts";

export const daemonSetName = "berth-prepull";

/** Annotation: JSON, image → Unix milliseconds. By it controllers know what the others use. */
const usedAnnotation = "berth.dev/last-used";
const podLabel = { "berth.dev/prepull": "true" };
const guestVolume = "guest";
const resources = { requests: { cpu: "1m", memory: "4Mi" }, limits: { memory: "32Mi" } };

const nobody = 65_534;

const confinedTo = (user: number): V1SecurityContext => ({
  runAsUser: user,
  runAsGroup: user,
  runAsNonRoot: user !== 0,
  privileged: false,
  readOnlyRootFilesystem: true,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  seccompProfile: { type: "RuntimeDefault" },
});

/**
 * A pod on each node of sandboxes that holds the images: a container for each, in which the guest's program waits, so that the node has pulled it
 * and does not remove it. Nothing of an image is run. One that cannot be pulled keeps no other from it. `resourceVersion`: of the one that it takes the
 * place of.
 */
export function daemonSetOf(used: LastUsed, options: PodOptions, resourceVersion?: string): V1DaemonSet {
  const { namespace, guestImage, nodeSelector, tolerations, imagePullSecrets } = options;
  return {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: {
      name: daemonSetName,
      namespace,
      annotations: { [usedAnnotation]: JSON.stringify(used) },
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
    spec: {
      selector: { matchLabels: podLabel },
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "100%" } },
      template: {
        metadata: { labels: podLabel },
        spec: {
          terminationGracePeriodSeconds: 1,
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          nodeSelector: { ...nodeSelector },
          tolerations: tolerations.map(({ key, value, effect }) => ({
            key,
            operator: value === undefined ? "Exists" : "Equal",
            ...(value === undefined ? {} : { value }),
            ...(effect === undefined ? {} : { effect }),
          })),
          imagePullSecrets: imagePullSecrets.map((name) => ({ name })),
          volumes: [{ name: guestVolume, emptyDir: { sizeLimit: "64Mi" } }],
          initContainers: [
            {
              name: installName,
              image: guestImage,
              command: [guestInImage, "install", guestPath],
              securityContext: confinedTo(0),
              resources,
              volumeMounts: [{ name: guestVolume, mountPath: guestFolder }],
            },
          ],
          containers: ["", ...Object.keys(used).toSorted()].map((image, index) => ({
            name: index === 0 ? "guest" : `image-${index}`,
            image: index === 0 ? guestImage : image,
            imagePullPolicy: "IfNotPresent",
            command: [guestPath, "idle"],
            securityContext: confinedTo(nobody),
            resources,
            volumeMounts: [{ name: guestVolume, mountPath: guestFolder, readOnly: true }],
          })),
        },
      },
    },
  };
}

const lastUsed = z.record(z.string().max(1024), z.number().int().min(0));

/** What the annotation of one says; nothing when it is no such thing. */
export function usedOf({ metadata }: V1DaemonSet): LastUsed {
  try {
    const parsed = lastUsed.safeParse(JSON.parse(metadata?.annotations?.[usedAnnotation] ?? "{}"));
    return parsed.success ? parsed.data : {};
  } catch {
    return {};
  }
}

/** Whether two hold the same images, and the first account is not older than the second by so much for any of them. */
export const agrees = (held: LastUsed, wanted: LastUsed, byMs: number): boolean =>
  Object.keys(held).length === Object.keys(wanted).length &&
  Object.entries(wanted).every(([image, atMs]) => held[image] !== undefined && atMs - held[image] <= byMs);
