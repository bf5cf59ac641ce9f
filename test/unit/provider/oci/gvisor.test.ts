import { readFile } from "node:fs/promises";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { capabilityNames } from "../../../../src/provider/provider.ts";
import { ociCapabilities } from "../../../../src/provider/oci/capabilities.ts";
import { dialByExec } from "../../../../src/provider/oci/exec-dial.ts";
import { forGvisor } from "../../../../src/provider/gvisor.ts";
import { platformFlags } from "../../../../src/provider/oci/runtime-version.ts";
import type { SeccompFilter } from "../../../../src/provider/seccomp-filter.ts";

const standard = new URL("../../../../sandbox-profiles/seccomp/standard.json", import.meta.url);
const never = new AbortController().signal;

describe("the platform of gVisor", () => {
  it("is ptrace for releases that have nothing better, and the release's own choice for others", () => {
    expect(platformFlags("auto", "0.0~20221219.0")).toEqual(["--platform=ptrace"]);
    expect(platformFlags("auto", "release-20230417.0")).toEqual(["--platform=ptrace"]);
    for (const version of ["release-20230501.0", "release-20240701.0", "VERSION_MISSING", ""]) {
      expect(platformFlags("auto", version), version).toEqual([]);
    }
  });

  it("is what the configuration says, whatever the release", () => {
    expect(platformFlags("kvm", "0.0~20221219.0")).toEqual(["--platform=kvm"]);
  });
});

describe("the filter for gVisor", () => {
  it("answers ENOSYS by way of a tracer that is not there, and is otherwise the same", async () => {
    const filter = JSON.parse(await readFile(standard, "utf8")) as SeccompFilter;
    const { syscalls: rules = [], ...rest } = filter;
    const { syscalls: adapted = [], ...adaptedRest } = forGvisor(filter);
    expect(adaptedRest).toEqual(rest);
    expect(adapted.filter((rule, at) => JSON.stringify(rule) !== JSON.stringify(rules[at]))).toEqual([
      { names: ["clone3", "io_setup"], action: "SCMP_ACT_TRACE" },
    ]);
  });

  it("leaves other answers as they are, and a filter without rules", () => {
    const rule = { names: ["mount"], action: "SCMP_ACT_ERRNO", errnoRet: 1 };
    expect(forGvisor({ syscalls: [rule] })).toEqual({ syscalls: [rule] });
    expect(forGvisor({ defaultAction: "SCMP_ACT_ERRNO" })).toEqual({ defaultAction: "SCMP_ACT_ERRNO" });
  });
});

describe("what the oci provider can enforce", () => {
  const obstacles = [
    { runsc: undefined, disk: undefined, userNamespace: undefined },
    { runsc: "no runsc", disk: "no loop devices", userNamespace: "no mapped mounts" },
  ];

  it.each(obstacles)("is told of every ability, with a reason for each that is missing: %o", (machine) => {
    for (const { has, gaps } of Object.values(ociCapabilities(machine))) {
      for (const name of capabilityNames) expect(has.has(name), name).toBe(gaps[name] === undefined);
    }
  });

  it("does not depend on gVisor for runc", () => {
    const { runc, runsc } = ociCapabilities({ runsc: "no runsc", disk: undefined, userNamespace: undefined });
    expect(runc.gaps).toEqual({ runtime_runsc: "no runsc" });
    expect(runsc.gaps.runtime_runsc).toBe("no runsc");
  });
});

describe("a stream over a program", () => {
  it("carries both directions, and ends with the program", async () => {
    const stream = await dialByExec(["cat"], never);
    stream.end("there and back");
    expect(await text(stream)).toBe("there and back");
  });

  it("ends without an error when the program fails, and takes what is written then", async () => {
    const stream = await dialByExec(["sh", "-c", "exec 0<&-; exit 3"], never);
    stream.resume();
    stream.write("x".repeat(1 << 20));
    await once(stream, "close");
    expect(stream.errored).toBeNull();
  });

  it("ends the program when it is destroyed", async () => {
    const stream = await dialByExec(["sh", "-c", "echo $$; exec sleep 600"], never);
    const [pid] = (await once(stream, "data")) as [Buffer];
    stream.destroy();
    await expect.poll(() => alive(Number(pid))).toBe(false);
  });

  it("fails at once when there is no such program, or nobody waits any more", async () => {
    await expect(dialByExec(["/no/such/program"], never)).rejects.toThrow("ENOENT");
    await expect(dialByExec(["cat"], AbortSignal.abort(new Error("called off")))).rejects.toThrow("called off");
  });
});

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
