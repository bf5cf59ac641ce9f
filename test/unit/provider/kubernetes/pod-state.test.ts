import { expect, it } from "vitest";
import { stateOf } from "../../../../src/provider/kubernetes/pod-state.ts";

const ended = (exitCode: number, reason: string) => ({
  containerStatuses: [
    {
      name: "sandbox",
      ready: false,
      restartCount: 0,
      image: "",
      imageID: "",
      state: { terminated: { exitCode, reason } },
    },
  ],
});
const overLimit = "Pod ephemeral local storage usage exceeds the total limit of containers 4Gi. ";

it.each([
  ["no pod is gone", undefined, { status: "gone" }],
  [
    "a pod whose sandbox does not run yet is none that runs",
    { phase: "Pending" },
    { status: "exited", code: null, oom: false },
  ],
  ["an end of its own", { phase: "Succeeded", ...ended(0, "Completed") }, { status: "exited", code: 0, oom: false }],
  [
    "the kernel's end for lack of memory",
    { phase: "Failed", ...ended(137, "OOMKilled") },
    { status: "exited", code: 137, oom: true },
  ],
  [
    "an eviction for what the sandbox wrote is its own doing",
    { phase: "Failed", reason: "Evicted", message: overLimit },
    { status: "exited", code: null, oom: true },
  ],
  [
    "an eviction for what a volume of its holds too",
    { phase: "Failed", reason: "Evicted", message: 'Usage of EmptyDir volume "state" exceeds the limit "4Gi".' },
    { status: "exited", code: null, oom: true },
  ],
  [
    "an eviction by a node that needs room is not",
    { phase: "Failed", reason: "Evicted", message: "The node was low on resource: memory." },
    { status: "exited", code: null, oom: false },
  ],
  [
    "the end of its time",
    { phase: "Failed", reason: "DeadlineExceeded" },
    { status: "exited", code: null, oom: false },
  ],
])("%s", (_, status, state) => {
  expect(stateOf(status && { status })).toEqual(state);
});

it("a sandbox on a node that is lost, which is being taken away, is not counted on", () => {
  const status = {
    phase: "Running",
    containerStatuses: [
      { name: "sandbox", ready: true, restartCount: 0, image: "", imageID: "", state: { running: {} } },
    ],
  };
  expect(stateOf({ status })).toEqual({ status: "running", oomKills: null });
  const metadata = { deletionTimestamp: new Date(0) };
  expect(stateOf({ metadata, status })).toEqual({ status: "exited", code: null, oom: false });
});
