import { randomBytes } from "node:crypto";
import { reachedIf, type Attack } from "../attack.ts";

const controlUnderRunc = "gVisor's /proc and /sys are of its own kernel";

/** Files by which the machine's kernel is told what to do. */
export const hostSettings: readonly Attack[] = [
  {
    id: "host-settings/unmask",
    title: "A tool unmounts what hides a file of the kernel",
    defences: ["capabilities", "seccomp"],
    controlUnderRunc,
    attempt: async (arena) => {
      const berth = await arena.sandbox();
      const { stdout } = await berth.sh("umount /proc/interrupts 2>&1; head -c 64 /proc/interrupts | wc -c");
      return reachedIf(Number(stdout.head.trim().split("\n").at(-1)) > 0, stdout.head);
    },
  },
  {
    id: "host-settings/write-a-setting",
    title: "A tool changes a setting of the kernel",
    defences: ["read_only_paths", "tool_user", "user_namespace"],
    controlUnderRunc,
    attempt: async (arena) => {
      // One that belongs to the sandbox's own UTS namespace.
      const name = randomBytes(6).toString("hex");
      const berth = await arena.sandbox();
      const { stdout, stderr } = await berth.sh(
        `echo ${name} >/proc/sys/kernel/domainname; cat /proc/sys/kernel/domainname`,
      );
      return reachedIf(stdout.head.includes(name), stdout.head + stderr.head);
    },
  },
  {
    id: "host-settings/writable-mounts",
    title: "A tool finds settings of the machine on a mount that is not read-only",
    defences: ["read_only_paths"],
    notApplicable: (backend) =>
      backend.endsWith("runsc") ? "gVisor's settings are of its own kernel, which ends with the sandbox" : undefined,
    attempt: async (arena) => {
      const berth = await arena.sandbox();
      const { stdout } = await berth.sh(
        `for path in /proc/sys /proc/irq /proc/bus /proc/fs; do
           [ ! -e $path ] || cut -d ' ' -f 5,6 /proc/self/mountinfo | grep -q "^$path ro" || echo $path
         done`,
      );
      return reachedIf(stdout.head !== "", stdout.head);
    },
  },
  {
    id: "host-settings/open-settings-of-the-machine",
    title: "A tool opens for writing what makes the machine's kernel run a program, crash or restart",
    defences: ["read_only_paths", "tool_user", "user_namespace"],
    controlUnderRunc,
    attempt: async (arena) => {
      const berth = await arena.sandbox();
      const { stdout } = await berth.sh(
        `for file in /proc/sysrq-trigger /proc/sys/kernel/core_pattern /proc/sys/kernel/modprobe /proc/sys/kernel/panic \\
             /proc/sys/vm/panic_on_oom /proc/sys/fs/binfmt_misc/register; do
           sh -c ': 3>>"$0"' "$file" 2>/dev/null && echo "$file"
         done; true`,
      );
      return reachedIf(stdout.head !== "", stdout.head);
    },
  },
  {
    id: "host-settings/remount-writable",
    title: "A tool mounts what is read-only anew, and writes it",
    defences: ["capabilities", "seccomp"],
    controlUnderRunc,
    attempt: async (arena) => {
      const name = randomBytes(6).toString("hex");
      const berth = await arena.sandbox();
      const { stdout, stderr } = await berth.sh(
        `mount -o remount,bind,rw /proc/sys; umount /proc/sys
         echo ${name} >/proc/sys/kernel/domainname; cat /proc/sys/kernel/domainname`,
      );
      return reachedIf(stdout.head.includes(name), stdout.head + stderr.head);
    },
  },
  {
    id: "host-settings/control-groups",
    title: "A tool opens the files by which a process leaves its control group or has the kernel run a program",
    defences: ["capabilities", "seccomp"],
    controlUnderRunc,
    attempt: async (arena) => {
      const berth = await arena.sandbox();
      const { stdout, stderr } = await berth.sh(
        `mkdir -p /tmp/c; mount -t cgroup -o memory none /tmp/c || mount -t cgroup -o pids none /tmp/c || mount -t cgroup2 none /tmp/c
         for file in $(find /tmp/c /sys/fs/cgroup -name cgroup.procs -o -name release_agent -o -name notify_on_release -o -name devices.allow); do
           sh -c ': 3>>"$0"' "$file" && echo "open $file"
         done; true`,
      );
      return reachedIf(stdout.head.includes("open"), stdout.head + stderr.head);
    },
  },
];
