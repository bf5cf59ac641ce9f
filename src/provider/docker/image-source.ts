import { BerthError } from "../../core/errors.ts";
import type { RootfsExporter } from "../rootfs-exporter.ts";
import { connectDaemon, type DockerConnection } from "./daemon.ts";
import { exportRootfs } from "./export-rootfs.ts";
import { resolveImage } from "./resolve-image.ts";

/** The images of a Docker daemon. Keeps its connections: whoever starts a sandbox asks for its image first. */
export function dockerImages({ docker, imagesDir }: { docker: DockerConnection; imagesDir: string }): RootfsExporter {
  const daemon = connectDaemon(docker);
  return {
    async resolve(name, options) {
      try {
        return await resolveImage(daemon, imagesDir, name, options);
      } catch (error) {
        if (error instanceof BerthError && error.code === "provider_unavailable") return undefined;
        throw error;
      }
    },
    export: (location, destination, options) => exportRootfs({ docker, image: location, destination, ...options }),
    close: () => daemon.close(),
  };
}
