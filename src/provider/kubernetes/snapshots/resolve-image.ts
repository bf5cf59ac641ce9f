import { BerthError } from "../../../core/errors.ts";
import type { CallOptions, ResolvedImage } from "../../provider.ts";
import { readBlob } from "../registry/blobs.ts";
import { imageConfig, type ImageConfig } from "../registry/image-manifest.ts";
import { namesRegistry, parseReference, pinned, type ImageReference } from "../registry/reference.ts";
import { refusedAs } from "../registry/refusal.ts";
import type { FoundManifest, Registry, Repository } from "../registry/registry.ts";

export interface ImageSource {
  readonly registry: Registry;
  /** `HOST[:PORT][/PATH]`. */
  readonly prefix: string;
}

const MAX_CONFIG_BYTES = 8 * 1024 * 1024;

/** A name without a registry is of ours, and never of one that anybody may fill. */
function referenceOf(name: string, prefix: string): ImageReference {
  if (name === "host" || name.startsWith("/")) {
    const what = name === "host" ? "`image: host`" : `the root file system ${name}`;
    throw new BerthError("image_not_found", `The kubernetes provider cannot start from ${what}: it needs an image.`, {
      remedy: "Push the image to `kubernetes_registry` and write its name.",
    });
  }
  return parseReference(namesRegistry(name) ? name : `${prefix}/${name}`);
}

/**
 * `python` and `team/python:3` are images of the registry of snapshots, `docker.io/library/python:3` is what it says; the content is pinned.
 * @throws BerthError `image_not_found`, `provider_unavailable`, and `capability_missing` for an image with volumes, which a
 * snapshot would lose
 */
export async function resolveImage(
  source: ImageSource,
  name: string,
  { signal }: CallOptions = {},
): Promise<ResolvedImage> {
  const reference = referenceOf(name, source.prefix);
  const { registry, repository, version } = reference;
  const found = await findImage(source.registry, reference, signal);
  if (found === undefined) {
    throw new BerthError("image_not_found", `The registry ${registry} has no image ${repository}:${version}.`, {
      remedy: "Push it there, or write the image with the registry that has it: `docker.io/library/python:3`.",
    });
  }
  const volumes = Object.keys(found.config.config?.Volumes ?? {});
  if (volumes.length > 0) {
    throw new BerthError(
      "capability_missing",
      `The image ${name} declares volumes (${volumes.join(", ")}): a snapshot would silently lose what is in them.`,
      { remedy: "Build the image without VOLUME." },
    );
  }
  return { name, digest: found.digest, location: pinned(reference, found.digest) };
}

export interface FoundImage extends FoundManifest {
  readonly config: ImageConfig;
}

/** An image with its configuration; undefined when there is no such. @throws BerthError `image_not_found`, `provider_unavailable` */
export async function findImage(
  registry: Registry,
  reference: ImageReference,
  signal?: AbortSignal,
): Promise<FoundImage | undefined> {
  try {
    const found = await registry.manifest(reference, signal);
    if (found === undefined) return undefined;
    const config = await configOf(registry, reference, found, signal);
    return { ...found, config };
  } catch (thrown) {
    throw refusedAs("image_not_found", thrown);
  }
}

async function configOf(
  registry: Registry,
  from: Repository,
  { manifest }: FoundManifest,
  signal: AbortSignal | undefined,
): Promise<ImageConfig> {
  const bytes = await readBlob(registry, from, manifest.config.digest, { limit: MAX_CONFIG_BYTES, signal });
  const config = imageConfig.safeParse(jsonOf(bytes));
  if (config.success && config.data.rootfs.diff_ids.length === manifest.layers.length) return config.data;
  const name = `${from.registry}/${from.repository}`;
  throw new BerthError("image_not_found", `The image ${name} has a configuration that does not describe its layers.`);
}

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
}
