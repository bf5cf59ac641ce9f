import { z } from "zod";
import { jsonReply, parsed, type Reply, type Request } from "./messages.ts";

const noCapability = "0000000000000000";
const paths = z.array(z.string()).max(256).default([]);
const probeQuestion = z.strictObject({ masked_paths: paths, read_only_paths: paths });

/** What a probe would find where nothing can be reached but the file tree. */
export function probeOf(
  user: { uid: number; gid: number },
  disk: { bytes: number; nodes: number },
  request: Request,
): Reply {
  const question = parsed(probeQuestion, request.body);
  const absent = (path: string) => ({ path, state: "absent" });
  return jsonReply({
    uids: [user.uid, user.uid, user.uid],
    gids: [user.gid, user.gid, user.gid],
    groups: [],
    capabilities: {
      inheritable: noCapability,
      permitted: noCapability,
      effective: noCapability,
      bounding: noCapability,
      ambient: noCapability,
    },
    no_new_privs: true,
    seccomp: 2,
    limits: { open_files: 0, core_bytes: 0, processes: 0 },
    calls: [{ name: "kill_guest", result: "ENOSYS" }],
    masked_paths: question.masked_paths.map(absent),
    read_only_paths: question.read_only_paths.map(absent),
    mounts: [],
    devices: [],
    interfaces: [],
    disks: [{ path: "/", bytes: disk.bytes, inodes: Number.isFinite(disk.nodes) ? disk.nodes : 0 }],
    guest: { pid: 1, uid: 0, capabilities: null, opened: [] },
  });
}
