import { describe, expect, it } from "vitest";
import { handleOf, sandboxLabels } from "../../../../src/provider/docker/names.ts";
import { sameSandbox } from "../../../../src/provider/same-sandbox.ts";
import { snapshotLabels } from "../../../../src/provider/docker/snapshots.ts";
import { stateOf } from "../../../../src/provider/docker/state.ts";

const labels = { owner: "o", purpose: "p", incarnation: "1" };

describe("the labels of a container", () => {
  it("give back the handle of its sandbox", () => {
    expect(handleOf(sandboxLabels("id", labels, 5))).toEqual({ id: "id", provider: "docker", labels });
  });

  it("of anyone else give no handle", () => {
    expect(handleOf({ "com.example": "x" })).toBeUndefined();
    expect(handleOf(undefined)).toBeUndefined();
  });

  it("that come from a snapshot's image give no handle", () => {
    const blanked = snapshotLabels("0".repeat(64), { owner: "o", bytes: 1 });
    expect(handleOf({ ...sandboxLabels("id", labels, 5), ...blanked })).toBeUndefined();
  });

  it("tell a sandbox from a later one under the same id", () => {
    const handle = { id: "id", provider: "docker", labels };
    expect(sameSandbox(handle, { ...handle })).toBe(true);
    expect(sameSandbox(handle, { ...handle, labels: { ...labels, incarnation: "2" } })).toBe(false);
    expect(sameSandbox(handle, { ...handle, labels: { ...labels, purpose: "another" } })).toBe(true);
    expect(sameSandbox(handle, undefined)).toBe(false);
  });
});

describe("stateOf", () => {
  const state = { Status: "exited", Running: false, ExitCode: 137, OOMKilled: true } as never;

  it("tells how a container ended, and whether for memory", () => {
    expect(stateOf({ State: state })).toEqual({ status: "exited", code: 137, oom: true });
  });

  it("takes a container that was never started for one that ended", () => {
    const created = { Status: "created", Running: false, ExitCode: 0, OOMKilled: false } as never;
    expect(stateOf({ State: created })).toEqual({ status: "exited", code: null, oom: false });
  });

  it("calls a container that the daemon does not know gone", () => {
    expect(stateOf(undefined)).toEqual({ status: "gone" });
  });
});
