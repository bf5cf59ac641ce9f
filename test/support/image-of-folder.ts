import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import { keepBlob } from "../../src/provider/kubernetes/registry/blobs.ts";
import { mediaType, type ImageConfig } from "../../src/provider/kubernetes/registry/image-manifest.ts";
import type { ImageReference } from "../../src/provider/kubernetes/registry/reference.ts";
import type { Registry } from "../../src/provider/kubernetes/registry/registry.ts";

const run = promisify(execFile);

/** Pushes a folder as an image of one layer, and gives its digest. */
export async function pushFolder(
  registry: Registry,
  image: ImageReference,
  folder: string,
  config: Partial<ImageConfig> = {},
): Promise<string> {
  const { stdout } = await run(
    "tar",
    ["--create", "--gzip", "--file=-", "--numeric-owner", "--directory", folder, "."],
    {
      encoding: "buffer",
      maxBuffer: 256 * 1024 * 1024,
    },
  );
  const layer = await keepBlob(registry, image, stdout);
  const diffId = `sha256:${createHash("sha256").update(gunzipSync(stdout)).digest("hex")}`;
  const described: ImageConfig = {
    architecture: "amd64",
    os: "linux",
    config: { Env: ["PATH=/usr/bin:/bin"] },
    rootfs: { type: "layers", diff_ids: [diffId] },
    ...config,
  };
  const kept = await keepBlob(registry, image, Buffer.from(JSON.stringify(described)));
  return await registry.tag(image, {
    schemaVersion: 2,
    mediaType: mediaType.manifest,
    config: { mediaType: mediaType.config, ...kept },
    layers: [{ mediaType: mediaType.layer, ...layer }],
  });
}
