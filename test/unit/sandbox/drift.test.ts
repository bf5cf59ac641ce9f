import { describe, expect, test } from "vitest";
import type { Probe } from "../../../src/guest/probe.ts";
import type { Observation } from "../../../src/provider/observation.ts";
import { nothingObserved } from "../../../src/provider/observation.ts";
import { differences } from "../../../src/sandbox/drift.ts";
import { madeSandbox } from "../../support/made-sandbox.ts";

const good = madeSandbox();
const mounted = (target: string, type: string, readOnly = true, root = "/") => [{ target, root, type, readOnly }];

test("a sandbox that is what its profile promises has no difference", () => {
  expect(differences(good)).toEqual([]);
});

describe("each thing that is otherwise outside gives exactly its difference", () => {
  const cases: readonly (readonly [Partial<Observation>, string])[] = [
    [{ runtime: "runsc" }, "runtime: runc asked, got runsc"],
    [
      { capabilities: [...(good.outside.capabilities ?? []), "CAP_SYS_ADMIN"] },
      "guest's capabilities: CAP_SYS_ADMIN is held and was not granted",
    ],
    [{ noNewPrivileges: false }, "no_new_privs: on asked, got off"],
    [{ seccomp: 0 }, "seccomp: a filter asked, got no filter"],
    [{ hostNamespaces: ["pid"] }, "namespaces: pid is the host's"],
    [{ hostNamespaces: ["mnt"] }, "namespaces: mnt is the host's"],
    [{ hostNamespaces: ["net"] }, "namespaces: net is the host's"],
    [{ hostNamespaces: ["ipc"] }, "namespaces: ipc is the host's"],
    [{ hostNamespaces: ["uts"] }, "namespaces: uts is the host's"],
    [{ rootIsHostRoot: true }, "user namespace: another root asked, got root is the host's"],
    [{ memoryBytes: "none" }, "memory limit: 1024 MiB asked, none set"],
    [{ memoryBytes: 2 * 1024 ** 3 }, "memory limit: 1024 MiB asked, 2048 MiB set"],
    [{ memoryAndSwapBytes: "none" }, "swap limit: 1024 MiB asked, none set"],
    [{ pids: "none" }, "process limit: 288 asked, none set"],
    [{ cpus: 2 }, "CPU limit: 0.5 asked, 2 set"],
    [{ openFiles: 1_048_576 }, "open files: 16384 asked, 1048576 set"],
    [{ disk: { bytes: 1024 ** 3, inodes: 4992 } }, "disk limit: 64 MiB asked, 1024 MiB set"],
    [{ disk: { bytes: 1024 ** 2, inodes: null } }, "inode limit: 5000 asked, none set"],
    [{ network: "own" }, "network: none asked, got own"],
    [{ network: "host" }, "network: none asked, got host"],
    [{ maskedPaths: [] }, "masked paths: /proc/keys is not covered"],
    [{ readOnlyPaths: [] }, "read-only paths: /proc/sys is not covered"],
    [{ hostPaths: ["/etc"] }, "mounts: none of the host's paths asked, /etc is mounted"],
    [
      { mounts: mounted("/run/docker.sock", "tmpfs", false, "/docker.sock") },
      "mounts: /run/docker.sock is mounted (tmpfs, /docker.sock) and nothing asked for it",
    ],
    [{ mounts: mounted("/usr", "ext4", false) }, "mounts: /usr can be written"],
    [{ mounts: mounted("/dev", "devtmpfs") }, "mounts: /dev is mounted (devtmpfs, /) and nothing asked for it"],
    [{ devices: ["/dev/kvm"] }, "devices: none asked, /dev/kvm is passed"],
  ];
  test.each(cases.map(([change, difference]) => [difference, change] as const))("%s", (difference, change) => {
    expect(differences({ ...good, outside: { ...good.outside, ...change } })).toEqual([difference]);
  });
});

describe("each thing that is otherwise inside gives exactly its difference", () => {
  const { guest } = good.inside;
  const none = { inheritable: [], permitted: [], effective: [], bounding: [], ambient: [] };
  const cases: readonly (readonly [Partial<Probe>, string])[] = [
    [
      { capabilities: { ...none, bounding: ["CAP_CHOWN"] } },
      "tools' capabilities: bounding: CAP_CHOWN is held and was not granted",
    ],
    [
      { capabilities: { ...none, ambient: ["CAP_NET_RAW"] } },
      "tools' capabilities: ambient: CAP_NET_RAW is held and was not granted",
    ],
    [{ noNewPrivileges: false }, "no_new_privs: on asked, got off"],
    [{ seccomp: 0 }, "seccomp: a filter asked, got no filter"],
    [{ calls: new Map([["mount", "EFAULT"]]) }, "system calls: mount asked refused, got EFAULT"],
    [{ calls: new Map([["kill_guest", "allowed"]]) }, "system calls: kill_guest asked refused, got allowed"],
    [{ limits: { openFiles: null, coreBytes: 0, processes: null } }, "open files: 16384 asked, none set"],
    [{ limits: { openFiles: 1024, coreBytes: null, processes: null } }, "core dumps: 0 asked, none set"],
    [
      { disks: [{ path: "/workspace", bytes: 1024 ** 3, inodes: 100 }] },
      "disk limit: /workspace: 64 MiB asked, 1024 MiB set",
    ],
    [{ disks: [{ path: "/", bytes: 1, inodes: null }] }, "inode limit: /: 5000 asked, none set"],
    [{ interfaces: ["eth0"] }, "network: none asked, there is eth0"],
    [
      { maskedPaths: new Map([...good.inside.maskedPaths, ["/proc/keys", "open"]]) },
      "masked paths: /proc/keys can be read",
    ],
    [
      { maskedPaths: new Map([...good.inside.maskedPaths, ["/proc/kcore", "closed"]]) },
      "masked paths: /proc/kcore is not covered",
    ],
    [{ readOnlyPaths: new Map([["/proc/sys", "open"]]) }, "read-only paths: /proc/sys can be written"],
    [{ mounts: mounted("/host", "ext4") }, "mounts: /host is mounted (ext4, /) and nothing asked for it"],
    [
      { devices: [{ path: "/dev/kvm", block: false, major: 10, minor: 232 }] },
      "devices: none asked, there is /dev/kvm",
    ],
    [{ devices: [{ path: "/dev/null", block: false, major: 1, minor: 1 }] }, "devices: none asked, there is /dev/null"],
    [{ devices: [{ path: "/dev/null", block: true, major: 1, minor: 3 }] }, "devices: none asked, there is /dev/null"],
    [{ uids: [1000, 1000, 0] }, "tool user: uid 1000 asked, got 0"],
    [{ gids: [0, 1000, 1000] }, "tool user: gid 1000 asked, got 0"],
    [{ groups: [0x40000000, 0] }, "tool user: it is in the group 0"],
    [{ guest: { ...guest, uid: 1000 } }, "guest: it runs as the tool user"],
    [{ guest: { ...guest, opened: ["environ"] } }, "guest: tools can look into its environ"],
    [
      { guest: { ...guest, capabilities: { ...none, permitted: ["CAP_SYS_ADMIN"] } } },
      "guest's capabilities: CAP_SYS_ADMIN is held and was not granted",
    ],
  ];
  test.each(cases.map(([change, difference]) => [difference, change] as const))("%s", (difference, change) => {
    expect(differences({ ...good, inside: { ...good.inside, ...change } })).toEqual([difference]);
  });
});

test("what neither side can tell is a difference, unless the provider says why nobody can", () => {
  const outside = { ...good.outside, memoryAndSwapBytes: null };
  expect(differences({ ...good, outside })).toEqual(["swap limit: nothing shows that it is kept"]);
  const unknowable = { "swap limit": "the kernel does not account swap" };
  expect(differences({ ...good, outside: { ...outside, unknowable } })).toEqual([]);
});

test("a user namespace where possible is promised by a provider that can, and only by one", () => {
  const { able: _, ...made } = madeSandbox({ user_namespace: "where_possible" });
  const outside = { ...made.outside, rootIsHostRoot: true };
  expect(differences({ ...made, outside, able: new Set() })).toEqual([]);
  expect(differences({ ...made, outside, able: new Set(["user_namespace"]) })).toEqual([
    "user namespace: another root asked, got root is the host's",
  ]);
});

test("under gVisor its own kernel's answers, devices and lack of sizes are no difference, and what only it hides is not confirmed", () => {
  const { spec, outside, ...made } = madeSandbox({ runtime: "runsc" });
  const seen = { ...outside, runtime: "runsc" as const, disk: null, maskedPaths: null, readOnlyPaths: null };
  const inside: Probe = {
    ...made.inside,
    seccomp: 0,
    disks: [{ path: "/", bytes: null, inodes: null }],
    devices: [{ path: "/dev/net/tun", block: false, major: 10, minor: 200 }],
    limits: { ...made.inside.limits, processes: 256 },
  };
  expect(differences({ ...made, spec, outside: seen, inside })).toEqual([
    "disk limit: nothing shows that it is kept",
    "inode limit: nothing shows that it is kept",
  ]);
  const traced = new Map([["ptrace_guest", "allowed"]]);
  expect(
    differences({ ...made, spec, outside: { ...seen, disk: outside.disk }, inside: { ...inside, calls: traced } }),
  ).toEqual(["system calls: ptrace_guest asked refused, got allowed"]);
});

test("under gVisor the tool user's processes are limited inside, and the threads of its kernel outside", () => {
  const { spec, outside, ...made } = madeSandbox({ runtime: "runsc" });
  const seen = { ...outside, runtime: "runsc" as const };
  const limits = (processes: number | null) => ({ ...made.inside, limits: { ...made.inside.limits, processes } });
  expect(differences({ ...made, spec, outside: { ...seen, pids: 8192 }, inside: limits(256) })).toEqual([]);
  expect(differences({ ...made, spec, outside: { ...seen, pids: "none" }, inside: limits(null) })).toEqual([
    "process limit: 8192 asked, none set",
    "process limit: 256 asked, none set",
  ]);
});

test("an outside that tells nothing leaves what only it can see unconfirmed, and the rest to the probe", () => {
  expect(differences({ ...good, outside: nothingObserved }).map((text) => text.split(":")[0])).toEqual([
    "runtime",
    "guest's capabilities",
    "namespaces",
    "user namespace",
    "memory limit",
    "swap limit",
    "process limit",
    "CPU limit",
  ]);
});

test("a profile for setup steps promises less: the host's network, and a bounding set where root may be had", () => {
  const trusted = madeSandbox({ network: "host", root_commands: true, no_new_privs: false, user_namespace: "never" });
  const outside: Observation = {
    ...trusted.outside,
    network: "host",
    hostNamespaces: ["net", "user"],
    noNewPrivileges: false,
    rootIsHostRoot: true,
    mounts: mounted("/sys/fs/bpf", "bpf"),
  };
  const capabilities = { inheritable: [], permitted: [], effective: [], bounding: ["CAP_CHOWN"], ambient: [] };
  const inside: Probe = { ...trusted.inside, capabilities, interfaces: ["eth0"] };
  expect(differences({ ...trusted, outside, inside })).toEqual([]);
  const more = { ...inside, capabilities: { ...capabilities, effective: ["CAP_CHOWN"] } };
  expect(differences({ ...trusted, outside, inside: more })).toEqual([
    "tools' capabilities: effective: CAP_CHOWN is held and was not granted",
  ]);
});
