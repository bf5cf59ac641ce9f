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
import { folderReference, label } from "./names.ts";
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

async function build(
  daemon: Daemon,
  folder: string,
  name: string,
  base: string | undefined,
  options: CallOptions,
): Promise<void> {
  const { onProgress = () => undefined, signal } = options;
  try {
    await daemon.call(
      `docker build ${folder}`,
      deadlines.build,
      async (abortSignal) => {
        const progress = await daemon.docker.buildImage(Readable.from(await buildContext(folder)), {
          t: folderReference(name),
          ...(base === undefined ? {} : { buildargs: { BASE: base } }),
          labels: { [label.image]: name },
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
    const base = wanted === undefined ? undefined : await chooseBase(daemon, wanted, options);
    await build(daemon, join(imagesDir, name), name, base, options);
    const image = await localImage(daemon, folderReference(name), signal);
    if (image === undefined) throw new BerthError("internal", `The daemon built ${name} and does not have it.`);
    return { name, digest: image.id, location: image.id };
  } finally {
    daemon.close();
  }
}
