import { randomUUID } from "node:crypto";
import PQueue from "p-queue";
import type { EvidenceRow } from "../../src/core/evidence.ts";
import type { ControllerProcess } from "../support/controller-process.ts";
import { ClusterNamespace } from "../support/kubernetes-cluster.ts";
import { counted, writesIn, type ApiWrite, type WriteCount } from "./api-writes.ts";
import { smallEnvironment, Stage } from "./stage.ts";

const rollouts = 20;
/** What Berth itself may write for a rollout without the CRDs of agent-sandbox. */
const mostByBerth = 6;
/** States that the kubelet writes for the two containers that stand before a sandbox's own. */
const mostBeyondBarePod = 3;

const isEvent = ({ resource }: { resource: string }): boolean => resource === "events";

/** What a rollout costs the API server: created, two calls, closed, with nothing waiting in a pool, counted in its own audit log. */
export async function countWrites(auditLog: string): Promise<{ rows: EvidenceRow[]; counts: WriteCount[] }> {
  await using stage = await Stage.open();
  await using controller = await stage.controller("--pool-sandboxes", "0");
  // The first brings what all have together: policies, the snapshot of the image.
  await playOne(controller);
  const before = await mine(auditLog, stage);
  const queue = new PQueue({ concurrency: 4 });
  await queue.addAll(Array.from({ length: rollouts }, () => () => playOne(controller)));
  const left = await stage.leftovers();
  const writes = (await mine(auditLog, stage)).slice(before.length);
  const counts = counted(writes);
  const events = writes.filter(isEvent).length;
  const perRollout = (writes.length - events) / rollouts;
  const byBerth = writes.filter(({ agent }) => agent === "berth").length / rollouts;
  const perBarePod = await writesOfBarePods(auditLog);
  return {
    counts,
    rows: [
      {
        case: "writes of Berth to the API server for a rollout",
        backend: "kubernetes",
        result: byBerth.toFixed(2),
        expected: `at most ${mostByBerth}`,
        ok: byBerth > 0 && byBerth <= mostByBerth,
        rollouts,
      },
      {
        case: "writes of everyone for a rollout beyond those for the barest pod, events told apart",
        backend: "kubernetes",
        result: `${(perRollout - perBarePod).toFixed(2)} (${perRollout.toFixed(2)} and ${perBarePod.toFixed(2)})`,
        expected: `at most ${mostBeyondBarePod}`,
        ok: perRollout > 0 && perBarePod > 0 && perRollout - perBarePod <= mostBeyondBarePod,
        rollouts,
        writes_per_rollout: perRollout,
        writes_per_bare_pod: perBarePod,
        events_per_rollout: events / rollouts,
        by_verb_resource_agent: counts,
      },
      {
        case: "what twenty rollouts leave in the namespace",
        backend: "kubernetes",
        result: left.join(", ") || "nothing",
        expected: "nothing",
        ok: left.length === 0,
      },
    ],
  };
}

/** What Kubernetes itself asks for a pod of one container, whoever makes it: no rollout that has a pod of its own takes less. */
async function writesOfBarePods(auditLog: string): Promise<number> {
  await using namespace = await ClusterNamespace.make();
  const image = `${process.env["BERTH_TEST_REGISTRY"]}/base:latest`;
  const queue = new PQueue({ concurrency: 4 });
  await queue.addAll(Array.from({ length: rollouts }, () => () => namespace.playBarePod(image)));
  const writes = (await writesIn(auditLog)).filter((write) => write.namespace === namespace.name && isOfPod(write));
  return writes.length / rollouts;
}

const isOfPod = ({ resource }: ApiWrite): boolean => resource.split("/", 1)[0] === "pods";

async function mine(auditLog: string, { namespace }: Stage) {
  return (await writesIn(auditLog)).filter((write) => write.namespace === namespace.name);
}

async function playOne(controller: ControllerProcess): Promise<void> {
  const rolloutId = randomUUID();
  const created = await controller.send("POST", "/v1/rollouts?wait_seconds=120", {
    rollout_id: rolloutId,
    environment: smallEnvironment,
  });
  if (created.body.status !== "active") throw new Error(`The rollout is not active: ${JSON.stringify(created.body)}`);
  for (const call of ["a", "b"]) {
    const body = { call_id: call, arguments: { command: `echo ${call}` } };
    const reply = await controller.send("POST", `/v1/rollouts/${rolloutId}/tools/shell`, body);
    if (reply.status !== 200) throw new Error(`The call is answered ${JSON.stringify(reply.body)}`);
  }
  await controller.send("DELETE", `/v1/rollouts/${rolloutId}`);
}
