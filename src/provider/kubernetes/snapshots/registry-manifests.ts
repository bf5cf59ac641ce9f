import type { SharedManifests } from "../../provider.ts";
import { keepBlob, readBlob } from "../registry/blobs.ts";
import { below, type ImageReference } from "../registry/reference.ts";
import { refusedAs } from "../registry/refusal.ts";
import { deletesNothing } from "../registry/registry.ts";
import type { ImageSource } from "./resolve-image.ts";

/** A tree of half a million entries. */
const MAX_MANIFEST_BYTES = 256 * 1024 * 1024;
const repository = "manifests";
const artifact = "application/vnd.berth.manifest.v1+json";
const nothing = Buffer.from("{}");

/**
 * What snapshots hold, as artifacts `<prefix>/manifests:<key>` beside their images, for controllers that did not build them.
 * Each method: @throws BerthError `provider_unavailable`, `deadline_exceeded`
 */
export function registryManifests({ registry, prefix }: Pick<ImageSource, "registry" | "prefix">): SharedManifests {
  const to = below(prefix, repository);
  const named = (key: string): ImageReference => ({ ...to, version: key });
  const typed = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (thrown) {
      throw refusedAs("provider_unavailable", thrown);
    }
  };
  return {
    read: (key) =>
      typed(async () => {
        const digest = (await registry.manifest(named(key)))?.manifest.layers[0]?.digest;
        return digest === undefined ? undefined : readBlob(registry, to, digest, { limit: MAX_MANIFEST_BYTES });
      }),

    write: (key, content) =>
      typed(async () => {
        const config = { ...(await keepBlob(registry, to, nothing)), mediaType: "application/vnd.oci.empty.v1+json" };
        const layer = { ...(await keepBlob(registry, to, content)), mediaType: artifact };
        const mediaType = "application/vnd.oci.image.manifest.v1+json";
        await registry.tag(named(key), { schemaVersion: 2, mediaType, config, layers: [layer] });
      }),

    remove: (key) =>
      typed(async () => {
        const digest = await registry.digestOf(named(key));
        if (digest === undefined) return;
        // One that stays names a snapshot that is gone: nobody takes it for one that is there.
        await registry.forget(to, digest).catch((thrown: unknown) => {
          if (!deletesNothing(thrown)) throw thrown;
        });
      }),
  };
}
