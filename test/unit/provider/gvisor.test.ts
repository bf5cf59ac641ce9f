import { describe, expect, it } from "vitest";
import { forGvisor, gvisorProcessLimits } from "../../../src/provider/gvisor.ts";

describe("what gVisor is told", () => {
  it("is a filter that answers ENOSYS by a tracer that is not there, and is otherwise the same", () => {
    const allow = { names: ["read"], action: "SCMP_ACT_ALLOW" };
    const refuse = { names: ["bpf"], action: "SCMP_ACT_ERRNO", errnoRet: 1 };
    const absent = { names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: 38 };
    expect(forGvisor({ defaultAction: "SCMP_ACT_ERRNO", syscalls: [allow, refuse, absent] })).toEqual({
      defaultAction: "SCMP_ACT_ERRNO",
      syscalls: [allow, refuse, { names: ["clone3"], action: "SCMP_ACT_TRACE" }],
    });
  });

  it("is the tool user's number of processes, with threads of the host for each up to a bound", () => {
    expect(gvisorProcessLimits(32)).toEqual({ user: 32, cgroup: 4096 });
    expect(gvisorProcessLimits(1000)).toEqual({ user: 1000, cgroup: 8192 });
  });
});
