import { BerthError } from "../../core/errors.ts";
import type { CallOptions, ResolvedImage } from "../provider.ts";
import { connectDaemon, type DockerConnection } from "./daemon.ts";
import { exportRootfs } from "./export-rootfs.ts";
import { resolveImage } from "./resolve-image.ts";

/** The images of a Docker daemon, for providers that start from root file systems. */
export interface ImageSource {
  /** Undefined when the daemon cannot be reached. @throws BerthError `image_not_found`, `capability_missing` */
  resolve(name: string, options?: CallOptions): Promise<ResolvedImage | undefined>;
  export(location: string, destination: string, options?: CallOptions): Promise<void>;
  close(): void;
}

/** Keeps its connections: whoever starts a sandbox asks for its image first. */
export function dockerImages({ docker, imagesDir }: { docker: DockerConnection; imagesDir: string }): ImageSource {
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
