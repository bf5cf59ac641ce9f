import { reachedIf, type Attack } from "../attack.ts";

const inGvisor = "gVisor gives no privileges for executing a file";

/** A copy of `cat` at /opt/leak, and text that root alone may read at /opt/secret. */
const secretOfRoot = (flag: string) => `set -e
  mkdir -p /opt && cp "$(readlink -f "$(command -v cat)")" /opt/leak && chmod 755 /opt/leak
  echo ${flag} >/opt/secret && chmod 600 /opt/secret`;

/** Ways for the tool user to become more than it is. */
export const privileges: readonly Attack[] = [
  {
    id: "privileges/read-what-is-root's",
    title: "A tool reads a file of the sandbox's root that nobody else may read",
    defences: ["tool_user"],
    attempt: async (arena) => {
      const flag = arena.flag();
      const base = await arena.planted(secretOfRoot(flag));
      const berth = await arena.sandbox({ base });
      const { stdout, stderr } = await berth.sh("cat /opt/secret");
      return reachedIf(stdout.head.includes(flag), stdout.head + stderr.head);
    },
  },
  {
    id: "privileges/set-user-id-program",
    title: "A tool becomes root by a program of the image that has its set-user-ID bit",
    defences: ["no_new_privileges", "restricted_mounts"],
    controlUnderRunc: inGvisor,
    attempt: async (arena) => {
      const flag = arena.flag();
      const base = await arena.planted(`${secretOfRoot(flag)}; chmod 4755 /opt/leak`);
      const berth = await arena.sandbox({ base });
      const { stdout, stderr } = await berth.sh("test -u /opt/leak && echo planted; /opt/leak /opt/secret");
      if (!stdout.head.includes("planted")) throw new Error(`the bit was not planted: ${stdout.head}`);
      return reachedIf(stdout.head.includes(flag), stderr.head);
    },
  },
  {
    id: "privileges/new-privileges",
    title: "A tool starts as a process that may gain privileges at all by executing a file",
    defences: ["no_new_privileges"],
    notApplicable: (backend) => (backend.endsWith("runsc") ? inGvisor : undefined),
    attempt: async (arena) => {
      const berth = await arena.sandbox();
      const { stdout } = await berth.sh("grep NoNewPrivs /proc/self/status");
      return reachedIf(!/NoNewPrivs:\s*1/.test(stdout.head), stdout.head);
    },
  },
  {
    id: "privileges/file-capabilities",
    title: "A tool passes permissions by a program of the image that carries capabilities",
    defences: ["no_new_privileges", "restricted_mounts", "capabilities"],
    controlUnderRunc: inGvisor,
    attempt: async (arena) => {
      const flag = arena.flag();
      // CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH, permitted and effective.
      const base = await arena.planted(`${secretOfRoot(flag)}
        perl -e 'my ($file, $name, $value) = ("/opt/leak", "security.capability", pack("L5", 0x02000001, 6, 0, 0, 0));
                 syscall(${process.arch === "arm64" ? 5 : 188}, $file, $name, $value, 20, 0) == 0 or die "$!"'`);
      const berth = await arena.sandbox({ base });
      const { stdout, stderr } = await berth.sh("/opt/leak /opt/secret", { user: "tool" });
      return reachedIf(stdout.head.includes(flag), stderr.head);
    },
  },
  {
    id: "privileges/device-node-of-the-image",
    title: "A tool opens a device by a node that the image brought along",
    defences: ["restricted_mounts"],
    notApplicable: (backend) =>
      backend === "oci+runc"
        ? undefined
        : "device nodes work there, and lead to no device but those that are in /dev anyway",
    attempt: async (arena) => {
      const base = await arena.planted("mknod -m 666 /opt/device c 1 5");
      const berth = await arena.sandbox({ base });
      const { stdout, stderr } = await berth.sh("head -c 64 /opt/device | wc -c");
      return reachedIf(stdout.head.trim() === "64", stdout.head + stderr.head);
    },
  },
  {
    id: "privileges/make-a-device-node",
    title: "A tool makes the node of a disk, to read the machine's files from it",
    defences: ["capabilities"],
    controlUnderRunc: "gVisor makes no nodes of disks",
    attempt: async (arena) => {
      const berth = await arena.sandbox();
      const { stdout, stderr } = await berth.sh("mknod disk b 7 0; test -b disk && echo made; head -c 16 disk | wc -c");
      return reachedIf(stdout.head.includes("made"), stdout.head + stderr.head);
    },
  },
  {
    id: "privileges/priority",
    title: "A tool takes the processors before everybody else",
    defences: ["capabilities"],
    notApplicable: (backend) =>
      backend.endsWith("runsc") ? "gVisor notes a process's priority and does nothing about it" : undefined,
    attempt: async (arena) => {
      const berth = await arena.sandbox();
      const { stdout, stderr } = await berth.sh("nice -n -5 nice");
      return reachedIf(Number(stdout.head) < 0, stdout.head + stderr.head);
    },
  },
];
