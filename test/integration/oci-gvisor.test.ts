import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Bench, eventually, exited } from "../conformance/bench.ts";
import { profileNamed, providerFixtures, type ProviderUnderTest } from "../support/providers.ts";

const fixture = providerFixtures.find(({ name }) => name === "oci-runsc");
const made = (await fixture?.make()) ?? { unavailable: "there is no such fixture" };
const cgroups = "/sys/fs/cgroup";
const hybrid = existsSync(path.join(cgroups, "memory"));

describe.skipIf("unavailable" in made)("gVisor under the oci provider", () => {
  const under = made as ProviderUnderTest;
  let bench: Bench;

  beforeAll(async () => {
    bench = new Bench(under, { standard: await profileNamed("standard"), trusted: await profileNamed("trusted") });
  });
  afterAll(() => under.cleanup());

  /** Processes of the host in a sandbox's cgroup. */
  const processesOf = (id: string, controller: string): number[] =>
    readFileSync(path.join(cgroups, hybrid ? controller : "", "berth", id, "cgroup.procs"), "utf8")
      .split("\n")
      .filter(Boolean)
      .map(Number);

  const commandOf = (pid: number): string => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")[0] ?? "";
    } catch {
      return "";
    }
  };

  test.runIf(hybrid)("gVisor's kernel and its file server are in cgroups with the sandbox's limits", async () => {
    await using berth = await bench.berth({ resources: { cpus: 0.5, memory_mb: 320, pids: 40 } });
    const { id } = berth.handle;
    for (const controller of ["memory", "cpu", "pids"]) {
      const commands = processesOf(id, controller).map(commandOf);
      expect(commands, controller).toEqual(expect.arrayContaining(["runsc-sandbox", "runsc-gofer"]));
    }
    const limit = (file: string) => readFileSync(path.join(cgroups, file.replace("/", `/berth/${id}/`)), "utf8").trim();
    expect(limit("memory/memory.limit_in_bytes")).toBe(String(320 * 2 ** 20));
    expect(limit("cpu/cpu.cfs_quota_us")).toBe("50000");
    expect(Number(limit("pids/pids.max"))).toBeLessThanOrEqual(8192);
  });

  test("whichever of its processes dies, destroy leaves no process, cgroup, state or mount", async () => {
    for (const victim of ["runsc-sandbox", "runsc-gofer"]) {
      await using berth = await bench.berth();
      const { id } = berth.handle;
      const pids = processesOf(id, "memory");
      const pid = pids.find((candidate) => commandOf(candidate) === victim);
      if (pid === undefined) throw new Error(`${id} has no ${victim}`);
      process.kill(pid, "SIGKILL");
      if (victim === "runsc-sandbox") {
        await eventually(() => bench.provider.inspect(berth.handle)).toEqual({
          status: "exited",
          code: null,
          oom: false,
        });
      }
      await bench.provider.destroy(berth.handle);
      expect(pids.filter((candidate) => /runsc/.test(commandOf(candidate)))).toEqual([]);
      expect(readdirSync(cgroups).filter((name) => existsSync(path.join(cgroups, name, "berth", id)))).toEqual([]);
      expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(id);
      expect(execFileSync("find", ["/run/berth", "-name", `*${id}*`], { encoding: "utf8" })).toBe("");
      expect(await bench.leaks()).toEqual([]);
    }
  });

  test("the cgroup above all sandboxes outlives the last one, for whoever is just making another beneath it", async () => {
    const berth = await bench.berth();
    const above = [cgroups, path.join(cgroups, "memory")].map((root) => path.join(root, "berth")).filter(existsSync);
    await berth[Symbol.asyncDispose]();
    expect(above).not.toEqual([]);
    expect(above.filter((folder) => !existsSync(folder))).toEqual([]);
  });

  test("a snapshot made under one runtime is the same under the other", async () => {
    const standard = await profileNamed("standard");
    const profiles = {
      runc: { ...standard, runtime: "runc" as const },
      runsc: { ...standard, runtime: "runsc" as const },
    };
    for (const [from, to] of [
      ["runc", "runsc"],
      ["runsc", "runc"],
    ] as const) {
      const source = await bench.berth({ profile: profiles[from] });
      await source.sh("mkdir d && echo kept > d/file && ln -s d/file link && chmod 640 d/file; echo tmp > /tmp/kept");
      await using snapshot = await bench.snapshotOf(source);
      await using berth = await bench.berth({ profile: profiles[to], base: snapshot.base });
      expect(
        (await berth.sh("cat link /tmp/kept && find . | sort && find d/file -printf '%m %U\\n'")).stdout.head,
      ).toBe("kept\ntmp\n.\n./d\n./d/file\n./link\n640 1000\n");
      expect((await berth.sh("echo more >> d/file && rm link")).outcome).toEqual(exited(0));
    }
  });

  test("/tmp counts for the disk and not for the memory, and holds sockets and pipes", async () => {
    await using berth = await bench.berth({ resources: { memory_mb: 192, disk_mb: 32 } });
    const full = await berth.sh("head -c 60000000 /dev/zero > /tmp/big");
    expect(full.stderr.head).toMatch(/no space/i);
    expect((await berth.sh("rm /tmp/big && echo room > /tmp/small")).outcome).toEqual(exited(0));
    const script = [
      "import os, socket, threading",
      "s = socket.socket(socket.AF_UNIX); s.bind('/tmp/s'); s.listen()",
      "c = socket.socket(socket.AF_UNIX); c.connect('/tmp/s'); a, _ = s.accept(); c.send(b'hi'); print(a.recv(2))",
      "os.mkfifo('/tmp/p'); threading.Thread(target=lambda: open('/tmp/p', 'w').write('through')).start(); print(open('/tmp/p').read())",
    ].join("\n");
    expect((await berth.run(["python3", "-c", script])).stdout.head).toBe("b'hi'\nthrough\n");
  });

  test.runIf(process.arch === "x64")("threads start, and clone into another user namespace does not", async () => {
    await using berth = await bench.berth();
    const script = [
      "import ctypes, threading",
      "t = threading.Thread(target=lambda: print('thread')); t.start(); t.join()",
      "libc = ctypes.CDLL(None, use_errno=True)",
      "for call in [(56, 0x10000000 | 17, 0), (272, 0x10000000), (435, 0, 0)]: print(libc.syscall(*call), ctypes.get_errno())",
    ].join("\n");
    expect((await berth.run(["python3", "-c", script])).stdout.head).toBe("thread\n-1 1\n-1 1\n-1 38\n");
  });

  test(
    "processes that run without end take no more of the host than the sandbox may, and the sandbox lives or says why it died",
    { timeout: 120_000 },
    async () => {
      await using berth = await bench.berth({ resources: { pids: 128 } });
      const call = berth.guest.exec({
        callId: `bomb-${randomBytes(4).toString("hex")}`,
        argv: ["sh", "-c", "while :; do (setsid sh -c 'while :; do :; done' &) 2>/dev/null; done"],
        env: { PATH: "/usr/bin:/bin" },
        timeoutMs: 5_000,
        headBytes: 1_000,
        tailBytes: 1_000,
      });
      const outcome = await call.then(
        (result) => result.outcome.type,
        () => "gone" as const,
      );
      const state = await bench.provider.inspect(berth.handle);
      if (outcome === "gone") expect(state).toEqual({ status: "exited", code: null, oom: true });
      else expect([outcome, (await berth.sh("echo after")).stdout.head]).toEqual(["timed_out", "after\n"]);
    },
  );
});
