import { join } from "node:path";
import { BerthError } from "../../core/errors.ts";
import { exists } from "../../core/exists.ts";
import type { CallOptions, ResolvedImage } from "../provider.ts";
import type { Daemon } from "./daemon.ts";
import { refusalStatus, refusedAs } from "./daemon-errors.ts";
import { deadlines } from "./deadlines.ts";
import { folderReference } from "./names.ts";
import { pullImage } from "./pull-image.ts";

export interface LocalImage {
  /** `sha256:` and 64 hex digits: the hash of the image's configuration, which names its layers. */
  readonly id: string;
  /** Paths that the image declares as volumes. */
  readonly volumes: readonly string[];
}

/** The image under a reference, if the daemon has it. */
export async function localImage(
  daemon: Daemon,
  reference: string,
  signal?: AbortSignal,
): Promise<LocalImage | undefined> {
  try {
    const inspect = () => daemon.docker.getImage(reference).inspect();
    const found = await daemon.call("docker image inspect", deadlines.ask, inspect, signal);
    return { id: found.Id, volumes: Object.keys(found.Config?.Volumes ?? {}) };
  } catch (thrown) {
    // 400: the text is no reference at all.
    if (refusalStatus(thrown) === 404 || refusalStatus(thrown) === 400) return undefined;
    throw refusedAs("provider_unavailable", `inspect the image ${reference}`, thrown);
  }
}

/** What the daemon could take for a reference or an image id; the rest it cannot even be asked about. */
const referenceForm = /^[a-z0-9][a-zA-Z0-9._/:@-]*$/;
const folderForm = /^[a-z0-9][a-z0-9_-]*$/;

const isFolder = async (imagesDir: string, name: string): Promise<boolean> =>
  folderForm.test(name) && exists(join(imagesDir, name, "Dockerfile"));

function notFound(message: string, remedy?: string): BerthError {
  return new BerthError("image_not_found", message, remedy === undefined ? {} : { remedy });
}

/**
 * A folder of images/ (as the image that was built from it), or an image reference, which is pulled when the daemon
 * lacks it.
 * @throws BerthError `image_not_found`
 */
async function findImage(
  daemon: Daemon,
  imagesDir: string,
  name: string,
  options: CallOptions = {},
): Promise<LocalImage> {
  if (!referenceForm.test(name)) throw notFound(`${JSON.stringify(name)} is not the name of an image.`);
  const folder = await isFolder(imagesDir, name);
  const reference = folder ? folderReference(name) : name;
  const here = await localImage(daemon, reference, options.signal);
  if (here !== undefined) return here;
  if (folder) throw notFound(`The image ${reference} was not built yet.`, `Run \`berth image build ${name}\`.`);
  const pull = await pullImage(daemon, reference, options);
  if (pull.status !== "pulled") {
    throw notFound(`The image ${reference} is not in the Docker daemon and cannot be pulled: ${pull.reason}`);
  }
  const pulled = await localImage(daemon, reference, options.signal);
  if (pulled === undefined) throw notFound(`The image ${reference} was pulled and is gone again.`);
  return pulled;
}

/**
 * Docker starts from images only: `host` and root file system paths are refused.
 * @throws BerthError `image_not_found`, and `capability_missing` for an image with volumes, which a snapshot would lose
 */
export async function resolveImage(
  daemon: Daemon,
  imagesDir: string,
  name: string,
  options: CallOptions = {},
): Promise<ResolvedImage> {
  if (name === "host" || name.startsWith("/")) {
    const what = name === "host" ? "`image: host`" : `the root file system ${name}`;
    throw notFound(
      `The docker provider cannot start from ${what}: it needs an image.`,
      "Run `berth image build base` and write `image: base`, or use the oci provider.",
    );
  }
  const { id, volumes } = await findImage(daemon, imagesDir, name, options);
  if (volumes.length > 0) {
    throw new BerthError(
      "capability_missing",
      `The image ${name} declares volumes (${volumes.join(", ")}): a snapshot would silently lose what is in them.`,
      { remedy: "Build the image without VOLUME." },
    );
  }
  return { name, digest: id, location: id };
}
