import { BerthError } from "../../core/errors.ts";
import type { CallOptions } from "../provider.ts";
import type { Daemon } from "./daemon.ts";
import { importDebian } from "./debian-root.ts";
import { pullImage } from "./pull-image.ts";
import { localImage } from "./resolve-image.ts";

/** The default of a Dockerfile's `ARG BASE=…`; undefined when it has none. */
export function defaultBase(dockerfile: string): string | undefined {
  return /^ARG\s+BASE=["']?([^\s"']+)/im.exec(dockerfile)?.[1];
}

/** The Debian release that an official Debian reference stands for; undefined for any other image. */
export function debianSuite(reference: string): string | undefined {
  return /^(?:docker\.io\/)?(?:library\/)?debian:([a-z]+)(?:-slim)?$/.exec(reference)?.[1];
}

/**
 * The image to build on: `base` from the daemon or a registry; where no registry can be reached and `base` is a Debian
 * release, one that is made here from Debian's packages.
 * @throws BerthError `image_not_found`
 */
export async function chooseBase(daemon: Daemon, base: string, options: CallOptions = {}): Promise<string> {
  const { onProgress = () => undefined, signal } = options;
  if ((await localImage(daemon, base, signal)) !== undefined) return base;
  const pull = await pullImage(daemon, base, options);
  if (pull.status === "pulled") return base;
  const suite = debianSuite(base);
  if (pull.status === "refused" || suite === undefined) {
    throw new BerthError("image_not_found", `The base image ${base} cannot be pulled: ${pull.reason}`, {
      remedy: "Load it into the daemon with `docker load`, or name a base that can be reached.",
    });
  }
  onProgress(`No registry can be reached (${pull.reason})`);
  return await importDebian(daemon, suite, options);
}
