import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { BerthError } from "../../core/errors.ts";
import type { CallOptions, ResolvedImage } from "../provider.ts";
import { buildContext } from "./build-context.ts";
import { chooseBase, defaultBase } from "./choose-base.ts";
import { connectDaemon, type Daemon, type DockerConnection } from "./daemon.ts";
import { DaemonStepFailure, refusedAs } from "./daemon-errors.ts";
import { deadlines } from "./deadlines.ts";
import { folderOf, folderReference, label } from "./names.ts";
import { followProgress } from "./progress.ts";
import { localImage } from "./resolve-image.ts";

export interface ImageBuild extends CallOptions {
  readonly docker?: DockerConnection | undefined;
  /** The folder images/. */
  readonly imagesDir: string;
  /** A folder in it. */
  readonly name: string;
  /** Build on this image instead of the Dockerfile's `ARG BASE`. */
  readonly base?: string | undefined;
}

async function readDockerfile(imagesDir: string, name: string): Promise<string> {
  const file = join(imagesDir, name, "Dockerfile");
  if (!/^[a-z0-9][a-z0-9_-]*$/.test(name)) {
    throw new BerthError("image_not_found", `${name} is not the name of a folder in ${imagesDir}.`);
  }
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new BerthError("image_not_found", `There is no ${file}.`, {
      cause,
      remedy: `List the images: \`ls ${imagesDir}\`.`,
    });
  }
}

interface Build {
  readonly folder: string;
  /** What the image is called. */
  readonly reference: string;
  /** For the Dockerfile's `ARG BASE`. */
  readonly base: string | undefined;
  readonly labels?: Readonly<Record<string, string>>;
}

async function build(
  daemon: Daemon,
  { folder, reference, base, labels = {} }: Build,
  options: CallOptions,
): Promise<void> {
  const { onProgress = () => undefined, signal } = options;
  try {
    await daemon.call(
      `docker build ${folder}`,
      deadlines.build,
      async (abortSignal) => {
        const progress = await daemon.docker.buildImage(Readable.from(await buildContext(folder)), {
          t: reference,
          ...(base === undefined ? {} : { buildargs: { BASE: base } }),
          labels,
          rm: true,
          forcerm: true,
          abortSignal,
        });
        await followProgress(progress, onProgress);
      },
      signal,
    );
  } catch (thrown) {
    if (thrown instanceof DaemonStepFailure) throw stepFailed(folder, thrown);
    throw refusedAs("setup_failed", `build ${folder}`, thrown);
  }
}

function stepFailed(folder: string, failure: DaemonStepFailure): BerthError {
  const end = failure.output.trim().split("\n").slice(-8).join("\n");
  return new BerthError("setup_failed", `The image in ${folder} could not be built: ${failure.message}\n${end}`, {
    cause: failure,
    remedy: `Mend the step in ${folder}/Dockerfile that failed; its output is in the message.`,
  });
}

/**
 * A base that is a folder of images/ is built where it is missing. No registry is asked for it: whoever owns its name there is not us.
 */
async function baseFor(daemon: Daemon, wanted: string, options: ImageBuild): Promise<string> {
  const below = folderOf(wanted);
  if (below === undefined) return await chooseBase(daemon, wanted, options);
  if (below === options.name)
    throw new BerthError("image_not_found", `The image ${below} is to be built on itself.`, {
      remedy: "Name another image as its ARG BASE.",
    });
  if ((await localImage(daemon, wanted, options.signal)) === undefined)
    await buildImage({ ...options, name: below, base: undefined });
  return wanted;
}

/**
 * Builds a folder of images/ as `berth/<name>:latest`, with or without a registry in reach. Minutes; `onProgress` gets
 * each line that the build prints.
 * @throws BerthError `image_not_found` (no such folder, no base), `setup_failed` (a step failed), `provider_unavailable`
 */
export async function buildImage(options: ImageBuild): Promise<ResolvedImage> {
  const { imagesDir, name, signal } = options;
  const dockerfile = await readDockerfile(imagesDir, name);
  const daemon = connectDaemon(options.docker);
  try {
    const wanted = options.base ?? defaultBase(dockerfile);
    const base = wanted === undefined ? undefined : await baseFor(daemon, wanted, options);
    const reference = folderReference(name);
    const folder = join(imagesDir, name);
    await build(daemon, { folder, reference, base, labels: { [label.image]: name } }, options);
    const image = await localImage(daemon, reference, signal);
    if (image === undefined) throw new BerthError("internal", `The daemon built ${name} and does not have it.`);
    return { name, digest: image.id, location: image.id };
  } finally {
    daemon.close();
  }
}

export interface FolderBuild extends CallOptions {
  readonly docker?: DockerConnection | undefined;
  /** With a Dockerfile. */
  readonly folder: string;
  /** Names its content: an image of that name is the one that would be built. */
  readonly reference: string;
}

/**
 * Builds an image of any folder unless the daemon has one of that name. Minutes; `onProgress` gets each line that the build prints.
 * @throws BerthError `setup_failed` (a step failed), `invalid_environment` (the folder is too large), `provider_unavailable`
 */
export async function buildFolder(options: FolderBuild): Promise<void> {
  const { folder, reference, signal } = options;
  const daemon = connectDaemon(options.docker);
  try {
    if ((await localImage(daemon, reference, signal)) !== undefined) return;
    await build(daemon, { folder, reference, base: undefined }, options);
  } finally {
    daemon.close();
  }
}
