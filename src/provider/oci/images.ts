import { createHash } from "node:crypto";
import { lstat, mkdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { BerthError } from "../../core/errors.ts";
import { exists } from "../../core/exists.ts";
import type { CallOptions, ResolvedImage } from "../provider.ts";
import { buildHostSkeleton, hostImageDigest } from "./host-image.ts";
import type { OciPaths } from "./paths.ts";

/** Brings an image of some engine onto the disk as a root file system; injected, because engines are other adapters. */
export interface RootfsExporter {
  /** Undefined when no engine can be reached. @throws BerthError `image_not_found` when it lacks the image */
  resolve(image: string, options?: CallOptions): Promise<ResolvedImage | undefined>;
  export(location: string, destination: string, options?: CallOptions): Promise<void>;
}

/** How an image is mounted: the layers from the uppermost down, and what of the host is seen beneath them. */
export interface ImageLayers {
  readonly lowers: readonly string[];
  readonly readOnlyBinds: readonly string[];
  /** `PATH` of commands. */
  readonly path: string;
}

const SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** What follows `kind:` in a location. */
const locationForm = /^(host|rootfs):(.+)$/s;

/** Location of a resolved image → how to mount it. */
export function imageLayers(location: string): ImageLayers {
  const [, kind, path] = locationForm.exec(location) ?? [];
  if (kind === undefined || path === undefined) {
    throw new BerthError("sandbox_create_failed", `The image location ${location} was not made by the oci provider.`);
  }
  return kind === "host"
    ? { lowers: [path], readOnlyBinds: ["/usr"], path: `${SYSTEM_PATH}:/usr/local/go/bin` }
    : { lowers: [path], readOnlyBinds: [], path: `${SYSTEM_PATH}:/usr/local/go/bin` };
}

/**
 * `host`, an absolute path to a root file system, or an image that the exporter's engine has.
 * @throws BerthError `image_not_found`
 */
export async function resolveImage(
  paths: OciPaths,
  name: string,
  exporter: RootfsExporter | undefined,
  options: CallOptions = {},
): Promise<ResolvedImage> {
  if (name === "host") return resolveHost(paths);
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
  if (!(await exists(rootfs))) {
    options.onProgress?.(`exporting image ${name}`);
    await mkdir(paths.images, { recursive: true });
    await exporter.export(found.location, rootfs, options);
  }
  return { name, digest: found.digest, location: `rootfs:${rootfs}` };
}

async function resolveHost(paths: OciPaths): Promise<ResolvedImage> {
  const digest = await hostImageDigest();
  const skeleton = join(paths.images, `host-${digest.slice(0, 32)}`);
  if (!(await exists(skeleton))) {
    await mkdir(paths.images, { recursive: true });
    await buildHostSkeleton(skeleton, 1000);
  }
  return { name: "host", digest, location: `host:${skeleton}` };
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
