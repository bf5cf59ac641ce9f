import type { SandboxSpec } from "../provider/provider.ts";
import type { MountedPath } from "../provider/observation.ts";

/** What the kernel makes up by itself. The host's own /dev would show as a whole file system of devices. */
const kernelTypes: Readonly<Record<string, ReadonlySet<string>>> = {
  "/proc": new Set(["proc", "tmpfs", "devtmpfs"]),
  "/sys": new Set(["sysfs", "tmpfs", "devtmpfs", "cgroup", "cgroup2"]),
  "/dev": new Set(["tmpfs", "devtmpfs", "devpts", "mqueue"]),
};

/** What providers put into a sandbox besides its root: where, and whether it may be written by root. */
const ours: Readonly<Record<string, "read-only" | "writable">> = {
  // The guest's binary, and where its socket is.
  "/.berth": "read-only",
  "/.berth/guest": "read-only",
  "/run/berth": "writable",
  // What Kubernetes takes a container's last words from, in that folder.
  "/run/berth/termination": "writable",
  // The image `host`.
  "/usr": "read-only",
  // Written by the engine for each sandbox, and owned by root.
  "/etc/resolv.conf": "writable",
  "/etc/hosts": "writable",
  "/etc/hostname": "writable",
};

/** Sentences about the mounts that the profile does not name; empty when there are none. */
export function mountsBeyond(spec: SandboxSpec, mounts: readonly MountedPath[]): string[] {
  return mounts.flatMap((mount) => {
    const problem = problemOf(spec, mount);
    return problem === undefined ? [] : [`${mount.target} ${problem}`];
  });
}

function problemOf(spec: SandboxSpec, { target, root, type, readOnly }: MountedPath): string | undefined {
  if (target === "/") return undefined;
  // Where gVisor would put a /tmp in memory, the sandbox's own is mounted over it.
  if (target === "/tmp" && spec.profile.runtime === "runsc" && type === "9p") return undefined;
  const place = ours[target];
  if (place !== undefined) return place === "read-only" && !readOnly ? "can be written" : undefined;
  const top = `/${target.split("/")[1] ?? ""}`;
  const wholeDevices = type === "devtmpfs" && root === "/";
  if (kernelTypes[top]?.has(type) && !wholeDevices) return undefined;
  // With the host's network its /sys is shown as a whole.
  if (top === "/sys" && spec.profile.network === "host" && readOnly) return undefined;
  return `is mounted (${type}, ${root}) and nothing asked for it`;
}
