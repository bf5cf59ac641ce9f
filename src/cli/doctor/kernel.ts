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

async function userNamespaces({ host }: DoctorInput): Promise<Check> {
  const max = Number((await host.read("/proc/sys/user/max_user_namespaces")) ?? 0);
  if (max === 0) return degraded("user namespaces", "off; optional", "sysctl -w user.max_user_namespaces=15000");
  const restricted = (await host.read("/proc/sys/kernel/apparmor_restrict_unprivileged_userns"))?.trim() === "1";
  return restricted
    ? degraded(
        "user namespaces",
        "on for root alone; optional",
        "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
      )
    : ok("user namespaces", `at most ${max}`);
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
