import { degraded, missing, ok, type Check, type CheckGroup, type DoctorInput } from "./check.ts";

function linux({ host }: DoctorInput): Check {
  const detail = `${host.platform} ${host.kernel} ${host.arch}`;
  return host.platform === "linux"
    ? ok("linux", detail)
    : missing("linux", `${detail}; the oci provider needs Linux`, "use --provider docker, or a Linux machine");
}

/** Mounts for real, in a mount namespace of its own: whatever happens to this process, the mount ends with it. */
const tryOverlay = `set -e
cd "$1"
mkdir lower upper work merged
echo below > lower/file
mount -t overlay overlay -o lowerdir="$1/lower",upperdir="$1/upper",workdir="$1/work" merged
echo above > merged/file
[ "$(cat lower/file)" = below ]
umount merged`;

async function overlayfs({ host, config, install }: DoctorInput): Promise<Check> {
  if (!host.root) return degraded("overlayfs", "cannot be tried without root", "sudo berth doctor");
  const {
    ok: works,
    absent,
    text,
  } = await host.withFolder(config.data_dir, (folder) =>
    host.run("unshare", ["--mount", "--propagation", "private", "sh", "-c", tryOverlay, "sh", folder]),
  );
  if (works) return ok("overlayfs", `a mount beside ${config.data_dir} works`);
  if (absent) return missing("overlayfs", "cannot be tried: unshare is not found", install("util-linux"));
  const known = (await host.read("/proc/filesystems"))?.includes("\toverlay\n") ?? false;
  const reason = text.split("\n").at(-1) ?? "";
  return known
    ? missing(
        "overlayfs",
        `a mount beside ${config.data_dir} fails: ${reason}`,
        "put data_dir on ext4 or xfs: BERTH_DATA_DIR=/path",
      )
    : missing("overlayfs", "the kernel does not have it", "modprobe overlay");
}

/** Tried as the oci provider tries it. The mount at /tmp is seen by the trial alone. */
async function userNamespaces({ host, config }: DoctorInput): Promise<Check> {
  const name = "user namespaces";
  if ((await host.read("/proc/sys/user/max_user_namespaces"))?.trim() === "0")
    return degraded(name, "off; profiles that require them are refused", "sysctl -w user.max_user_namespaces=15000");
  if (!host.root) return degraded(name, "cannot be tried without root", "sudo berth doctor");
  const {
    ok: works,
    absent,
    text,
  } = await host.withFolder(config.data_dir, (scratch) =>
    host.run(config.guest_binary, [
      "check-user-namespace",
      "--scratch",
      scratch,
      "--at",
      "/tmp",
      "--shift-tree",
      "/usr",
    ]),
  );
  if (works) return ok(name, "root in a sandbox of the oci provider is nobody on this machine");
  if (absent) return degraded(name, "cannot be tried: the guest is not built", "make guest");
  const reason = text.split("\n").at(-1) ?? "";
  return degraded(
    name,
    `profiles that require them are refused: ${reason}`,
    "use Linux 5.19 or later, and put data_dir on ext4, xfs or btrfs: BERTH_DATA_DIR=/path",
  );
}

async function seccomp({ host }: DoctorInput): Promise<Check> {
  const actions = (await host.read("/proc/sys/kernel/seccomp/actions_avail"))?.trim();
  return actions
    ? ok("seccomp", "filters work")
    : missing("seccomp", "the kernel has no filters", "use a kernel with CONFIG_SECCOMP_FILTER");
}

export const kernelChecks: CheckGroup = async (input) => {
  if (input.host.platform !== "linux") return [linux(input)];
  return [linux(input), ...(await Promise.all([overlayfs(input), userNamespaces(input), seccomp(input)]))];
};
