import type { Berth, ImageSummary } from "./berth.ts";

/** The image of a folder of images_dir, built if it is not there. @throws BerthError `image_not_found`, `setup_failed` */
export async function ensureImage(
  berth: Pick<Berth, "images" | "buildImage">,
  name: string,
  onProgress: (message: string) => void,
): Promise<ImageSummary> {
  const there = (await berth.images()).find((image) => image.name === name);
  if (there?.digest) return there;
  onProgress(`building the image ${name}; this is done once`);
  return berth.buildImage(name, onProgress);
}
