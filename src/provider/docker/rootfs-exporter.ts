import { BerthError } from "../../core/errors.ts";
import type { CallOptions } from "../provider.ts";
import { connectDaemon, type DockerConnection } from "./daemon.ts";
import { exportRootfs } from "./export-rootfs.ts";
import { findImage } from "./resolve-image.ts";

/** Docker as a source of images for a provider that has none of its own. */
export interface DockerRootfsExporter {
  /** The image's id, for a folder of images/ or a reference; undefined where no daemon has it or could pull it. */
  digest(image: string): Promise<string | undefined>;
  /** Writes the image's files to `destination`, which must not exist yet. @throws BerthError those of `exportRootfs` */
  export(image: string, destination: string, options?: CallOptions): Promise<void>;
}

export function dockerRootfsExporter(options: {
  docker?: DockerConnection | undefined;
  imagesDir: string;
}): DockerRootfsExporter {
  const { docker, imagesDir } = options;

  async function imageId(image: string, call: CallOptions = {}): Promise<string> {
    const daemon = connectDaemon(docker);
    try {
      return (await findImage(daemon, imagesDir, image, call)).id;
    } finally {
      daemon.close();
    }
  }

  return {
    async digest(image) {
      try {
        return await imageId(image);
      } catch (thrown) {
        const absent = thrown instanceof BerthError && ["image_not_found", "provider_unavailable"].includes(thrown.code);
        if (absent) return undefined;
        throw thrown;
      }
    },
    async export(image, destination, call = {}) {
      await exportRootfs({ docker, image: await imageId(image, call), destination, ...call });
    },
  };
}
