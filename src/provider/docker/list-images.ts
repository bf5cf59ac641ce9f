import { readdir } from "node:fs/promises";
import { connectDaemon, type DockerConnection } from "./daemon.ts";
import { deadlines } from "./deadlines.ts";
import { refusalStatus } from "./daemon-errors.ts";
import { folderReference } from "./names.ts";

export interface FolderImage {
  readonly name: string;
  /** Null until it is built. */
  readonly digest: string | null;
  /** ISO 8601. */
  readonly built_at: string | null;
}

/** The folders of images/ and what was built from them. @throws BerthError `provider_unavailable` */
export async function listFolderImages(options: {
  docker?: DockerConnection | undefined;
  imagesDir: string;
}): Promise<FolderImage[]> {
  const daemon = connectDaemon(options.docker);
  try {
    const folders = (await readdir(options.imagesDir, { withFileTypes: true })).filter((entry) => entry.isDirectory());
    const images: FolderImage[] = [];
    for (const { name } of folders) {
      const inspect = () => daemon.docker.getImage(folderReference(name)).inspect();
      const found = await daemon.call("docker image inspect", deadlines.ask, inspect).catch((error: unknown) => {
        if (refusalStatus(error) === 404) return undefined;
        throw error;
      });
      images.push({ name, digest: found?.Id ?? null, built_at: found?.Created ?? null });
    }
    return images;
  } finally {
    daemon.close();
  }
}
