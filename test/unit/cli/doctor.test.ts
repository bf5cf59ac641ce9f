import { describe, expect, test } from "vitest";
import { loadConfig } from "../../../src/config/load.ts";
import { examine } from "../../../src/cli/doctor/examine.ts";
import type { Host, RunResult } from "../../../src/cli/doctor/host.ts";

const cgroup2 = 0x63677270;
const cgroup1 = 0x27e0eb;
const tmpfs = 0x01021994;

const programs: Readonly<Record<string, string>> = {
  git: "git version 2.39.5",
  go: "go version go1.24.1 linux/amd64",
  runc: "runc version 1.1.5",
  unshare: "",
};

const guest = "/opt/berth-guest";

const mount = (path: string, type: string, options: string) => `1 1 0:1 / ${path} rw - ${type} none ${options}`;

interface Machine {
  files?: Record<string, string>;
  types?: Record<string, number>;
  absent?: string[];
  change?: Partial<Host>;
}

/** A machine on which everything works but what is said to be otherwise. */
function machine({ files = {}, types = {}, absent = [], change = {} }: Machine = {}): Host {
  const found: Record<string, string> = {
    "/etc/os-release": "ID=debian\n",
    "/proc/self/mountinfo": mount("/sys/fs/cgroup", "cgroup2", "rw"),
    "/sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory pids\n",
    "/proc/sys/user/max_user_namespaces": "1000",
    "/proc/sys/kernel/seccomp/actions_avail": "kill allow",
    "/proc/filesystems": "nodev\toverlay\n",
    ...files,
  };
  const fileSystems: Record<string, number> = { "/sys/fs/cgroup": cgroup2, ...types };
  const run = async (given: string, args: readonly string[]): Promise<RunResult> => {
    // Programs that may stand outside PATH are asked by way of a shell.
    const command = given === "sh" && args[1]?.includes("--version") ? (args[3] ?? given) : given;
    const text = absent.includes(command) ? undefined : command === guest ? "" : programs[command];
    return text === undefined ? { ok: false, absent: true, text: "" } : { ok: true, absent: false, text };
  };
  return {
    platform: "linux",
    arch: "x64",
    kernel: "6.1.0",
    nodeVersion: "24.1.0",
    root: true,
    memoryBytes: 8 * 1024 ** 3,
    run,
    read: async (path) => found[path],
    executable: async () => true,
    space: async (path) => ({ type: fileSystems[path] ?? 0, freeBytes: 100 * 1024 ** 3, freeInodes: null }),
    canMakeFolder: async () => true,
    withFolder: (_below, work) => work("/tmp/x"),
    getJson: async () => ({ Version: "27.0.1", ApiVersion: "1.46" }),
    ...change,
  };
}

const config = loadConfig({ env: { BERTH_GUEST_BINARY: guest } });

async function check(name: string, host: Host) {
  const { checks } = await examine(host, config);
  return checks.find((one) => one.name === name);
}

test("a machine with everything can run both providers", async () => {
  const { ok, providers, checks } = await examine(machine(), config);
  expect(ok).toBe(true);
  expect(providers).toEqual([
    { provider: "oci", runs: true, lacks: [] },
    { provider: "docker", runs: true, lacks: [] },
  ]);
  expect(checks.filter(({ result, remedy }) => (remedy === null) !== (result === "ok"))).toEqual([]);
});

describe("user namespaces are tried by the launcher", () => {
  test("where it succeeds, they are there", async () => {
    expect(await check("user namespaces", machine())).toMatchObject({ result: "ok" });
  });

  test("what stands in the way is told, and is no obstacle to the provider", async () => {
    const run = async (command: string): Promise<RunResult> =>
      command === guest
        ? { ok: false, absent: false, text: "berth-guest: the file system of /usr takes no idmapped mounts" }
        : { ok: true, absent: false, text: programs[command] ?? "1.0" };
    const host = machine({ change: { run } });
    expect(await check("user namespaces", host)).toMatchObject({
      result: "degraded",
      detail: expect.stringContaining("/usr takes no idmapped mounts"),
    });
    expect((await examine(host, config)).providers[0]).toMatchObject({ provider: "oci", runs: true });
  });

  test("without root, or without the guest, they are not known", async () => {
    for (const host of [machine({ change: { root: false } }), machine({ absent: [guest] })])
      expect(await check("user namespaces", host)).toMatchObject({
        result: "degraded",
        detail: expect.stringContaining("cannot be tried"),
      });
  });

  test("a limit of none is named with the setting", async () => {
    const host = machine({ files: { "/proc/sys/user/max_user_namespaces": "0\n" } });
    expect((await check("user namespaces", host))?.remedy).toContain("user.max_user_namespaces");
  });
});

describe("process numbers are counted against the rollouts that may be", () => {
  const numbers = (pidMax: string, threadsMax = "1000000") => ({
    files: { "/proc/sys/kernel/pid_max": `${pidMax}\n`, "/proc/sys/kernel/threads-max": `${threadsMax}\n` },
  });

  test("as many as a modern machine has are enough", async () => {
    expect(await check("process numbers", machine(numbers("4194304")))).toMatchObject({ result: "ok", remedy: null });
  });

  test("too few are told with the setting that mends it, and with how many rollouts they are enough for", async () => {
    expect(await check("process numbers", machine(numbers("16384")))).toMatchObject({
      result: "degraded",
      detail: expect.stringMatching(/kernel\.pid_max 16384.*max_rollouts 1000 needs about 21096: 17 threads/),
      remedy: "sysctl -w kernel.pid_max=42192, or set max_rollouts to 722 or less",
    });
    expect(await check("process numbers", machine(numbers("4194304", "16384")))).toMatchObject({
      remedy: expect.stringContaining("kernel.threads-max=42192"),
    });
  });

  test("where they cannot be read, nothing is said against them", async () => {
    expect(await check("process numbers", machine())).toMatchObject({ result: "ok" });
  });
});

describe("cgroups are told by the type of the file system", () => {
  const v1 = (names: readonly string[]) =>
    names.map((name) => mount(`/sys/fs/cgroup/${name}`, "cgroup", `rw,${name}`)).join("\n");
  const legacy = (names: readonly string[], more = ""): Host =>
    machine({
      files: { "/proc/self/mountinfo": `${mount("/sys/fs/cgroup", "tmpfs", "rw")}\n${v1(names)}\n${more}` },
      types: {
        "/sys/fs/cgroup": tmpfs,
        "/sys/fs/cgroup/unified": cgroup2,
        ...Object.fromEntries(names.map((name) => [`/sys/fs/cgroup/${name}`, cgroup1])),
      },
    });

  test("v2", async () => {
    expect(await check("cgroups", machine())).toMatchObject({ result: "ok", detail: "v2 with cpu, memory, pids" });
  });

  test("v2 without a controller", async () => {
    const host = machine({ files: { "/sys/fs/cgroup/cgroup.controllers": "cpu pids" } });
    expect(await check("cgroups", host)).toMatchObject({ result: "missing", detail: "v2 without memory" });
  });

  test("v2 that cannot be written", async () => {
    expect(await check("cgroups", machine({ change: { canMakeFolder: async () => false } }))).toMatchObject({
      result: "missing",
    });
  });

  test("v1", async () => {
    expect(await check("cgroups", legacy(["cpu", "memory", "pids", "freezer"]))).toMatchObject({
      result: "ok",
      detail: "v1 with cpu, memory, pids",
    });
  });

  test("v1 beside v2", async () => {
    const host = legacy(["cpu", "memory", "pids", "freezer"], mount("/sys/fs/cgroup/unified", "cgroup2", "rw"));
    expect(await check("cgroups", host)).toMatchObject({ result: "ok", detail: expect.stringContaining("hybrid") });
  });

  test("v1 without a controller: the command mounts it", async () => {
    expect(await check("cgroups", legacy(["cpu", "memory", "freezer"]))).toMatchObject({
      result: "missing",
      remedy: "mkdir -p /sys/fs/cgroup/pids && mount -t cgroup -o pids none /sys/fs/cgroup/pids",
    });
  });

  test("none at all", async () => {
    const host = machine({ files: { "/proc/self/mountinfo": "" }, types: { "/sys/fs/cgroup": tmpfs } });
    expect(await check("cgroups", host)).toMatchObject({ result: "missing", detail: "none is mounted" });
  });
});

describe("what is missing comes with the command that mends it", () => {
  test.each([
    ["ID=debian", true, "apt-get install -y runc"],
    ["ID=ubuntu\nID_LIKE=debian", false, "sudo apt-get install -y runc"],
    ['ID="rocky"\nID_LIKE="rhel centos fedora"', true, "dnf install -y runc"],
    ["ID=alpine", true, "apk add runc"],
    ["ID=plan9", true, "install runc with your system's package manager"],
  ])("%s, root %s: %s", async (release, root, remedy) => {
    const host = machine({ files: { "/etc/os-release": release }, absent: ["runc"], change: { root } });
    expect(await check("runc", host)).toMatchObject({ result: "missing", detail: "not found", remedy });
  });

  test("the guest is built", async () => {
    expect(await check("guest", machine({ change: { executable: async () => false } }))).toMatchObject({
      result: "missing",
      remedy: "make guest",
    });
  });

  test("an overlay that cannot be mounted says why", async () => {
    const run = async (command: string): Promise<RunResult> =>
      command === "unshare"
        ? { ok: false, absent: false, text: "mount: wrong fs type" }
        : { ok: true, absent: false, text: programs[command] ?? "1.0" };
    expect(await check("overlayfs", machine({ change: { run } }))).toMatchObject({
      result: "missing",
      detail: expect.stringContaining("wrong fs type"),
    });
  });

  test("Docker that does not answer is started", async () => {
    const getJson = async () => {
      throw Object.assign(new Error("none"), { code: "ENOENT" });
    };
    expect(await check("docker", machine({ change: { getJson } }))).toMatchObject({
      result: "missing",
      remedy: "apt-get install -y docker.io && service docker start",
    });
  });
});

describe("the verdict", () => {
  const noDocker = {
    getJson: async () => {
      throw new Error("none");
    },
  };

  test("an ordinary user without Docker runs nothing, and is told what each provider lacks", async () => {
    const { ok, providers } = await examine(machine({ change: { ...noDocker, root: false } }), config);
    expect(ok).toBe(false);
    expect(providers).toEqual([
      { provider: "oci", runs: false, lacks: ["root", "overlayfs"] },
      { provider: "docker", runs: false, lacks: ["docker"] },
    ]);
  });

  test("crun stands in for runc", async () => {
    const run = async (command: string): Promise<RunResult> =>
      command === "runc"
        ? { ok: false, absent: true, text: "" }
        : { ok: true, absent: false, text: programs[command] ?? "crun 1.14" };
    expect((await examine(machine({ change: { ...noDocker, run } }), config)).ok).toBe(true);
  });

  test("only the configured provider counts", async () => {
    const docker = loadConfig({ env: { BERTH_PROVIDER: "docker" } });
    expect((await examine(machine({ change: noDocker }), docker)).ok).toBe(false);
    expect((await examine(machine({ change: noDocker }), config)).ok).toBe(true);
  });
});

describe("versions with known weaknesses", () => {
  const packages = (said: Record<string, string>, packaged?: string): Host =>
    machine({
      change: {
        run: async (command, args) => {
          const found = (text: string | undefined): RunResult =>
            text === undefined ? { ok: false, absent: true, text: "" } : { ok: true, absent: false, text };
          if (command === "sh" && args[1]?.includes("command -v")) return found(`/usr/bin/${args[3]}`);
          if (command === "sh") return found(said[args[3] ?? ""]);
          if (command === "dpkg-query" && args[0] === "--search")
            return found(packaged === undefined ? undefined : `a-package: ${args[1]}`);
          if (command === "dpkg-query") return found(packaged);
          if (command === "dpkg") return { ok: (args[1] ?? "") >= (args[3] ?? ""), absent: false, text: "" };
          return found(said[command]);
        },
      },
    });
  const runc = (version: string, packaged?: string) =>
    check("runc version", packages({ runc: `runc version ${version}\ncommit: x` }, packaged));

  test("one that is not below any floor is ok", async () => {
    expect(await runc("1.3.3")).toMatchObject({ result: "ok", remedy: null });
    expect(await runc("1.5.0")).toMatchObject({ result: "ok" });
  });

  test("one below a floor is weak, with what it is weak to, where it is mended, and a command", async () => {
    expect(await runc("1.1.11")).toMatchObject({
      result: "degraded",
      detail: expect.stringMatching(/^1\.1\.11 is weak: CVE-2024-21626, mended in 1\.1\.12: .*; CVE-2025-31133, /),
      remedy: expect.stringContaining("apt-get install -y runc"),
    });
    expect((await runc("1.2.7"))?.detail).toMatch(/^1\.2\.7 is weak: CVE-2025-31133, /);
  });

  test("a package that was patched counts as mended in what its patch mends, an earlier revision does not", async () => {
    const patched = await runc("1.1.5+ds1", "1.1.5+ds1-1+deb12u1+b2");
    expect(patched?.detail).toMatch(/^1\.1\.5 \(package 1\.1\.5\+ds1-1\+deb12u1\+b2\) is weak: CVE-2025-31133, /);
    expect((await runc("1.1.5+ds1", "1.1.5+ds1-1"))?.detail).toContain("is weak: CVE-2024-21626, ");
    expect((await runc("1.1.9", "1.1.9+ds1-1+deb12u1"))?.detail).toContain("is weak: CVE-2024-21626, ");
  });

  test("gVisor's versions are dates, whoever packed it", async () => {
    const runsc = (said: string) => check("runsc version", packages({ runsc: said }));
    expect(await runsc("runsc version 0.0~20221219.0")).toMatchObject({ result: "degraded" });
    expect(await runsc("runsc version release-20260511.0")).toMatchObject({ result: "ok" });
  });

  test("a version that cannot be read is said, and a program that is not there is left to the other checks", async () => {
    expect(await runc("unknown")).toMatchObject({
      result: "degraded",
      detail: "cannot be told from: runc version unknown",
    });
    expect(await check("runc version", packages({}))).toBeUndefined();
  });

  test("a kernel of a line that nobody mends is weak", async () => {
    expect(await check("kernel version", machine({ change: { kernel: "5.4.0-42-generic" } }))).toMatchObject({
      result: "degraded",
    });
    expect(await check("kernel version", machine({ change: { kernel: "5.10.0-8-amd64" } }))).toMatchObject({
      result: "ok",
    });
  });

  test("they keep no provider from running", async () => {
    const { providers } = await examine(machine({ change: { kernel: "5.4.0" } }), config);
    expect(providers.map(({ runs }) => runs)).toEqual([true, true]);
  });
});
