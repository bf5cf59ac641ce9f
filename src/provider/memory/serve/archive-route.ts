import { buffer } from "node:stream/consumers";
import { extract } from "tar-stream";
import { GuestFault } from "../tree/fault.ts";
import type { FileTree } from "../tree/file-tree.ts";
import { jsonReply, type Reply, type Request } from "./messages.ts";

/** Unpacks directories, regular files and links beneath the workspace. @throws GuestFault `outside_root`, `invalid_argument` */
export async function unpack(tree: FileTree, workspace: string, { query, body }: Request): Promise<Reply> {
  const top = query.get("path") ?? "";
  const archive = extract();
  archive.end(body);
  let files = 0;
  let bytes = 0;
  for await (const entry of archive) {
    const { name, type, mode, linkname } = entry.header;
    const content = await buffer(entry);
    const path = `${top}/${name}`.replace(/^\/+|\/+$/g, "");
    const parent = path.replace(/(?:^|\/)[^/]*$/, "");
    tree.makeDirectories(type === "directory" ? path : parent, { beneath: workspace });
    if (type === "directory") continue;
    const place = tree.lookup(path, { beneath: workspace, followLast: false });
    if (type === "file") tree.put(place, { type: "file", bytes: content, mode: mode & 0o777 });
    else if (type === "symlink") tree.put(place, { type: "link", target: linkname ?? "" });
    else throw new GuestFault("invalid_argument", `${name} is a ${type}.`);
    files++;
    bytes += content.length;
  }
  return jsonReply({ files, bytes });
}
