import { z } from "zod";
import { digestForm } from "./reference.ts";

export const mediaType = {
  manifest: "application/vnd.oci.image.manifest.v1+json",
  index: "application/vnd.oci.image.index.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar+gzip",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerList: "application/vnd.docker.distribution.manifest.list.v2+json",
} as const;

export const manifestTypes = [mediaType.manifest, mediaType.dockerManifest, mediaType.index, mediaType.dockerList];

const digest = z.string().regex(digestForm);
const size = z.number().int().nonnegative();
const annotations = z.record(z.string(), z.string());

const descriptor = z.object({ mediaType: z.string(), digest, size, annotations: annotations.optional() });
export type Descriptor = z.infer<typeof descriptor>;

/** Layers beyond this no runtime mounts. */
const MAX_LAYERS = 500;

export const imageManifest = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  config: descriptor,
  layers: z.array(descriptor).max(MAX_LAYERS),
  annotations: annotations.optional(),
});
export type ImageManifest = z.infer<typeof imageManifest>;

export const imageIndex = z.object({
  schemaVersion: z.literal(2),
  manifests: z.array(
    z.object({
      digest,
      size,
      platform: z.object({ os: z.string(), architecture: z.string(), variant: z.string().optional() }).optional(),
    }),
  ),
});

/** What is read of an image's configuration; the rest is handed on as it is. */
export const imageConfig = z.looseObject({
  architecture: z.string(),
  os: z.string(),
  config: z
    .looseObject({
      Labels: z.record(z.string(), z.string()).nullish(),
      Volumes: z.record(z.string(), z.unknown()).nullish(),
    })
    .nullish(),
  rootfs: z.object({ type: z.literal("layers"), diff_ids: z.array(digest).max(MAX_LAYERS) }),
  history: z.array(z.looseObject({})).nullish(),
});
export type ImageConfig = z.infer<typeof imageConfig>;

/** Media types of layers as the OCI writes them; undefined for what a node cannot pull from the registry that names it. */
export function ociLayerType(type: string): string | undefined {
  if (type === "application/vnd.docker.image.rootfs.diff.tar.gzip") return mediaType.layer;
  if (type === "application/vnd.docker.image.rootfs.diff.tar") return "application/vnd.oci.image.layer.v1.tar";
  return /^application\/vnd\.oci\.image\.layer\.v1\.tar(?:\+gzip|\+zstd)?$/.test(type) ? type : undefined;
}
