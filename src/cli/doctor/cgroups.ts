import { degraded, missing, ok, type Check, type CheckGroup, type DoctorInput } from "./check.ts";

/** From the kernel's magic.h. A path says nothing: /sys/fs/cgroup is there on every kind of machine. */
const cgroup2 = 0x63677270;
const cgroup1 = 0x27e0eb;

const root = "/sys/fs/cgroup";
const needed = ["cpu", "memory", "pids"] as const;

const typeOf = async ({ host }: DoctorInput, path: string): Promise<number | undefined> =>
  (await host.read("/proc/self/mountinfo"))?.includes(` ${path} `) ? (await host.space(path)).type : undefined;

async function unified(input: DoctorInput): Promise<Check> {
  const { host } = input;
  const offered = ((await host.read(`${root}/cgroup.controllers`)) ?? "").trim().split(/\s+/);
  const absent = needed.filter((name) => !offered.includes(name));
  if (absent.length > 0) {
    return missing(
      "cgroups",
      `v2 without ${absent.join(", ")}`,
      "boot with cgroup_enable=memory, or let the outer container delegate the controllers",
    );
  }
  if (!(await host.canMakeFolder(root)))
    return missing(
      "cgroups",
      "v2, but none can be made here",
      host.root ? "mount -o remount,rw /sys/fs/cgroup" : "sudo berth doctor",
    );
  return ok("cgroups", `v2 with ${needed.join(", ")}`);
}

/** Where each controller of version 1 is mounted, by its mount's own options and the type of its file system. */
async function mounts(input: DoctorInput): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const line of ((await input.host.read("/proc/self/mountinfo")) ?? "").split("\n")) {
    const [before = "", after = ""] = line.split(" - ");
    const path = before.split(" ")[4];
    const [type, , options = ""] = after.split(" ");
    if (type !== "cgroup" || path === undefined || (await input.host.space(path)).type !== cgroup1) continue;
    for (const name of options.split(",")) found.set(name, path);
  }
  return found;
}

async function legacy(input: DoctorInput): Promise<Check> {
  const { host } = input;
  const where = await mounts(input);
  const absent = needed.filter((name) => !where.has(name));
  const version = (await typeOf(input, `${root}/unified`)) === cgroup2 ? "v1 beside v2 (hybrid)" : "v1";
  if (where.size === 0) return missing("cgroups", "none is mounted", `mount -t cgroup2 none ${root}`);
  if (absent.length > 0) {
    const commands = absent.map(
      (name) => `mkdir -p ${root}/${name} && mount -t cgroup -o ${name} none ${root}/${name}`,
    );
    return missing("cgroups", `${version} without ${absent.join(", ")}`, commands.join(" && "));
  }
  for (const name of needed) {
    const path = where.get(name) ?? root;
    if (!(await host.canMakeFolder(path)))
      return missing(
        "cgroups",
        `${version}, but none can be made in ${path}`,
        host.root ? `mount -o remount,rw ${path}` : "sudo berth doctor",
      );
  }
  if (!where.has("freezer"))
    return degraded(
      "cgroups",
      `${version} without freezer`,
      `mkdir -p ${root}/freezer && mount -t cgroup -o freezer none ${root}/freezer`,
    );
  return ok("cgroups", `${version} with ${needed.join(", ")}`);
}

export const cgroupChecks: CheckGroup = async (input) => {
  if (input.host.platform !== "linux") return [];
  return [(await typeOf(input, root)) === cgroup2 ? await unified(input) : await legacy(input)];
};
