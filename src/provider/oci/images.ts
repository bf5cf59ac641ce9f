import { createHash } from "node:crypto";
import { lstat, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { BerthError } from "../../core/errors.ts";
import type { CallOptions, ResolvedImage } from "../provider.ts";
import type { RootfsExporter } from "../rootfs-exporter.ts";
import { buildHostSkeleton, hostImageDigest } from "./host-image.ts";
import type { OciImageCopies } from "./image-copies.ts";
import type { OciPaths } from "./paths.ts";

export interface ImageParts {
  readonly paths: OciPaths;
  readonly copies: OciImageCopies;
  /** Injected, because engines are other adapters. */
  readonly exporter: RootfsExporter | undefined;
}

/**
 * `host`, an absolute path to a root file system, or an image that the exporter's engine has.
 * @throws BerthError `image_not_found`
 */
export async function resolveImage(
  name: string,
  { paths, copies, exporter }: ImageParts,
  options: CallOptions = {},
): Promise<ResolvedImage> {
  if (name === "host") return resolveHost(paths, copies);
  if (name.startsWith("/")) return resolveRootfs(name);
  const found = await exporter?.resolve(name, options);
  if (found === undefined || exporter === undefined) {
    throw new BerthError(
      "image_not_found",
      `The image ${name} is neither host nor a path, and no engine that may have it can be reached.`,
      {
        remedy: `Use \`image: host\`, or start Docker and run \`berth image build ${name}\`.`,
      },
    );
  }
  const rootfs = join(paths.images, createHash("sha256").update(found.digest).digest("hex"));
  const location = `rootfs:${rootfs}`;
  await copies.use(rootfs, { name, location, make: () => exporter.export(found.location, rootfs, options) });
  return { name, digest: found.digest, location };
}

async function resolveHost(paths: OciPaths, copies: OciImageCopies): Promise<ResolvedImage> {
  const digest = await hostImageDigest();
  const skeleton = join(paths.images, `host-${digest.slice(0, 32)}`);
  const location = `host:${skeleton}`;
  await copies.use(skeleton, { name: "host", location, make: () => buildHostSkeleton(skeleton, 1000) });
  return { name: "host", digest, location };
}

/** A root file system given by path is taken to change whenever its package database or top folder does. */
async function resolveRootfs(path: string): Promise<ResolvedImage> {
  const top = await stat(path).catch(() => undefined);
  const shell = await lstat(join(path, "bin/sh")).catch(() => undefined);
  if (!top?.isDirectory() || !shell) {
    throw new BerthError("image_not_found", `${path} is not a root file system: it has no bin/sh.`);
  }
  const hash = createHash("sha256").update(`${path}\n${top.mtimeMs}\n`);
  for (const file of ["etc/os-release", "var/lib/dpkg/status", "lib/apk/db/installed"]) {
    hash.update(await readFile(join(path, file)).catch(() => ""));
  }
  return { name: path, digest: hash.digest("hex"), location: `rootfs:${path}` };
}
