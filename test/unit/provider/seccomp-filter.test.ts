import { describe, expect, test } from "vitest";
import { forMachine } from "../../../src/provider/seccomp-filter.ts";

describe("a system call filter for a machine", () => {
  const filter = {
    defaultAction: "SCMP_ACT_ERRNO",
    architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_AARCH64"],
    syscalls: [{ names: ["read"], action: "SCMP_ACT_ALLOW" }],
  };

  test("keeps every architecture whose programs the machine runs, and no other", () => {
    expect(forMachine(filter, "x86_64")).toEqual({
      ...filter,
      architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
    });
    expect(forMachine(filter, "aarch64")).toEqual({ ...filter, architectures: ["SCMP_ARCH_AARCH64"] });
  });

  test("is as it was for a machine that is not known, or that it does not name", () => {
    expect(forMachine(filter, "riscv64")).toBe(filter);
    const other = { ...filter, architectures: ["SCMP_ARCH_AARCH64"] };
    expect(forMachine(other, "x86_64")).toBe(other);
    const none = { defaultAction: "SCMP_ACT_ERRNO" };
    expect(forMachine(none, "x86_64")).toBe(none);
  });
});
