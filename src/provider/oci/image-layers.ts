import { BerthError } from "../../core/errors.ts";

/** How an image is mounted: the layers from the uppermost down, and what of the host is seen beneath them. */
export interface ImageLayers {
  readonly lowers: readonly string[];
  readonly readOnlyBinds: readonly string[];
  /** `PATH` of commands. */
  readonly path: string;
}

const SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** What follows `kind:` in a location. */
const locationForm = /^(host|rootfs):(.+)$/s;

/** Location of a resolved image → how to mount it. */
export function imageLayers(location: string): ImageLayers {
  const [, kind, path] = locationForm.exec(location) ?? [];
  if (kind === undefined || path === undefined) {
    throw new BerthError("sandbox_create_failed", `The image location ${location} was not made by the oci provider.`);
  }
  return kind === "host"
    ? { lowers: [path], readOnlyBinds: ["/usr"], path: `${SYSTEM_PATH}:/usr/local/go/bin` }
    : { lowers: [path], readOnlyBinds: [], path: `${SYSTEM_PATH}:/usr/local/go/bin` };
}
