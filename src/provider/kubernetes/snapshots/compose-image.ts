import { BerthError } from "../../../core/errors.ts";
import {
  mediaType,
  ociLayerType,
  type Descriptor,
  type ImageConfig,
  type ImageManifest,
} from "../registry/image-manifest.ts";
import type { LayerFacts } from "./layer-stream.ts";
import { annotation } from "./names.ts";
import type { FoundImage } from "./resolve-image.ts";

export interface SnapshotFacts {
  readonly key: string;
  readonly owner: string;
  /** ISO 8601. */
  readonly created: string;
}

const annotationsOf = ({ key, owner, created }: SnapshotFacts, layer: LayerFacts): Record<string, string> => ({
  [annotation.key]: key,
  [annotation.owner]: owner,
  [annotation.created]: created,
  [annotation.bytes]: String(layer.unpackedBytes),
});

/** The configuration of a base with one layer more; all that it says of how programs start stays. */
export function configWith(base: FoundImage, layer: LayerFacts, facts: SnapshotFacts): ImageConfig {
  const { config } = base;
  return {
    ...config,
    created: facts.created,
    config: { ...config.config, Labels: { ...config.config?.Labels, ...annotationsOf(facts, layer) } },
    rootfs: { type: "layers", diff_ids: [...config.rootfs.diff_ids, layer.diffId] },
    history: [...(config.history ?? []), { created: facts.created, created_by: "berth snapshot" }],
  };
}

/** The manifest of a base with one layer more. */
export function manifestWith(
  base: FoundImage,
  layer: LayerFacts,
  config: { readonly digest: string; readonly size: number },
  facts: SnapshotFacts,
): ImageManifest {
  return {
    schemaVersion: 2,
    mediaType: mediaType.manifest,
    config: { mediaType: mediaType.config, ...config },
    layers: [
      ...base.manifest.layers.map(asOci),
      { mediaType: mediaType.layer, digest: layer.digest, size: layer.size },
    ],
    annotations: annotationsOf(facts, layer),
  };
}

function asOci({ mediaType: type, digest, size }: Descriptor): Descriptor {
  const oci = ociLayerType(type);
  if (oci !== undefined) return { mediaType: oci, digest, size };
  throw new BerthError("capability_missing", `The image has a layer of the type ${type}, which cannot be shared.`, {
    remedy: "Build the image anew, with layers that registries may hand on.",
  });
}
