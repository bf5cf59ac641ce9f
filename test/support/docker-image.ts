import Docker from "dockerode";
import { dockerConnection } from "./providers.ts";

/** Why tests cannot use a folder of images/ as an image: it is made before them, by infra/setup/images.sh. Undefined when it is there. */
export async function whyNoImage(name: string): Promise<string | undefined> {
  try {
    await new Docker(dockerConnection).getImage(`berth/${name}:latest`).inspect();
    return undefined;
  } catch (thrown) {
    return `the image ${name} is missing: ${String(thrown)}`;
  }
}
