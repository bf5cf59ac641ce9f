import { describe, expect, it } from "vitest";
import { refusal, tally } from "../../support/evidence-reporter.ts";

describe("a skipped test", () => {
  const required = new Set(["oci", "docker"]);

  it("is allowed when it gives a reason and its backend is not required", () => {
    expect(refusal({ backend: "memory", reason: "not offered" }, required)).toBeUndefined();
    expect(refusal({ backend: null, reason: "not offered" }, required)).toBeUndefined();
  });

  it("is a failure without a reason", () => {
    expect(refusal({ backend: null, reason: undefined }, new Set())).toContain("without a reason");
  });

  it("is a failure when REQUIRE_PROVIDERS names its backend", () => {
    expect(refusal({ backend: "oci", reason: "no runc" }, required)).toContain("no runc");
  });
});

describe("the tally", () => {
  it("counts a skip that was not allowed as a failure", () => {
    const row = (result: string, ok: boolean) => ({ case: "", backend: null, result, expected: "passed", ok });
    const rows = [row("passed", true), row("skipped", true), row("skipped", false), row("failed", false)];
    expect(tally(rows)).toEqual({ passed: 1, failed: 2, skipped: 1 });
  });
});
