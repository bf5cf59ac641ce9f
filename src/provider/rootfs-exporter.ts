import type { CallOptions, ResolvedImage } from "./provider.ts";

/** Images of an engine, for providers that start from root file systems: brings one onto the disk as such. */
export interface RootfsExporter {
  /** Undefined when the engine cannot be reached. @throws BerthError `image_not_found` when it lacks the image, `capability_missing` */
  resolve(name: string, options?: CallOptions): Promise<ResolvedImage | undefined>;
  /** `location` as `resolve` gave it. @throws BerthError; nothing is at `destination` then */
  export(location: string, destination: string, options?: CallOptions): Promise<void>;
  close(): void;
}
