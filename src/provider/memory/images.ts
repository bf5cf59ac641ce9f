import { BerthError } from "../../core/errors.ts";
import type { ResolvedImage } from "../provider.ts";
import { sha256 } from "./serve/file-routes.ts";
import { FileTree, type TreeLimits } from "./tree/file-tree.ts";

/** Path → content. */
export type ImageFiles = Readonly<Record<string, string>>;

const directories = ["/bin", "/dev", "/etc", "/home/agent", "/proc", "/root", "/tmp", "/usr/bin", "/var/tmp"];
const skeleton: ImageFiles = {
  "/etc/passwd": "root:x:0:0:root:/root:/bin/sh\nagent:x:1000:1000:agent:/home/agent:/bin/sh\n",
};

/** Images that need no file of their own. */
const bare: Readonly<Record<string, ImageFiles>> = { host: {}, memory: {} };

export function resolveImage(images: Readonly<Record<string, ImageFiles>>, name: string): ResolvedImage {
  const files = images[name] ?? bare[name];
  if (files === undefined) throw new BerthError("image_not_found", `The memory provider has no image ${name}.`);
  return { name, digest: sha256(Buffer.from(JSON.stringify([skeleton, files]))), location: name };
}

export function imageTree(
  images: Readonly<Record<string, ImageFiles>>,
  location: string,
  limits: TreeLimits,
): FileTree {
  const files = images[location] ?? bare[location];
  if (files === undefined)
    throw new BerthError("sandbox_create_failed", `The memory provider has no image ${location}.`);
  const tree = new FileTree(limits);
  for (const directory of directories) tree.makeDirectories(directory);
  for (const [path, content] of Object.entries({ ...skeleton, ...files })) {
    tree.makeDirectories(path.replace(/\/[^/]*$/, "") || "/");
    tree.put(tree.lookup(path), {
      type: "file",
      bytes: Buffer.from(content),
      mode: content.startsWith("#!") ? 0o755 : 0o644,
    });
  }
  return tree;
}
