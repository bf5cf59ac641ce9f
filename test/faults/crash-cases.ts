import type { CrashPoint } from "../../src/core/crash-point.ts";
import { backendNames, type BackendName } from "./backend.ts";
import type { Phase } from "./fault.ts";

/** One kill: at which point, while a rollout is where, and what the caller sees who asks again. */
export interface CrashCase {
  readonly point: CrashPoint;
  readonly phase: Phase;
  readonly expected: string;
  readonly backends?: readonly BackendName[];
}

/** Names of one provider begin with it. */
const backendsOf = (point: CrashPoint): readonly BackendName[] | undefined => {
  const owner = backendNames.find((name) => point.startsWith(`${name}.`));
  return owner && [owner];
};

const at = (phase: Phase, expected: string, ...points: readonly CrashPoint[]): CrashCase[] =>
  points.map((point) => {
    const backends = backendsOf(point);
    return { point, phase, expected, ...(backends ? { backends } : {}) };
  });

/** The sandbox dies first, and then its controller. */
const lostInTheCall = "outcome_unknown; grade: unscored: sandbox_lost; close: failed: sandbox_lost";

/** Every crash point at least once; those that several phases pass, in each where it matters. */
export const crashCases: readonly CrashCase[] = [
  ...at("start", "active", "store.migrating", "store.opened"),
  ...at("start", "outcome_unknown", "resume.claimed", "resume.calls-marked", "resume.taken-over", "resume.tidied"),

  ...at("build", "active", "build.leased", "mirror.made", "mirror.fetched", "build.checked-out"),
  ...at("build", "active", "launch.created", "build.sandbox-ready", "build.set-up", "build.manifest-written"),
  ...at("build", "active", "oci.layer-drafted", "docker.snapshot-named", "build.committed"),
  ...at("build", "active", "kubernetes.layer-kept", "kubernetes.snapshot-named"),

  ...at("create", "active", "rollout.recorded", "rollout.preparing", "launch.intended"),
  ...at("create", "active", "oci.folder-made", "oci.ids-claimed", "oci.recorded", "oci.configured"),
  ...at("create", "active", "docker.helper-made", "docker.container-made", "docker.disk-covered"),
  ...at("create", "active", "docker.container-started", "launch.created", "launch.answered", "launch.checked"),
  ...at("create", "active", "kubernetes.pod-made", "rollout.started", "rollout.activated"),

  ...at("pool", "active", "pool.started", "pool.taken", "launch.assigned"),

  ...at("call", "outcome_unknown", "call.reserved", "guest.asked", "call.executed"),
  ...at("call", "done, replayed", "call.stored"),
  ...at("call", lostInTheCall, "call.unknown", "rollout.failed"),

  ...at("grade", "scored 1", "grade.begun", "turn.quiesced", "turn.exported", "turn.stored", "turn.over"),
  ...at("grade", "scored 1", "destroy.begun", "destroy.gone", "launch.intended", "launch.created"),
  ...at("grade", "scored 1", "grade.sandbox-ready", "guest.asked", "grade.judged", "grade.stored", "grade.closed"),

  ...at("expire", "expired: budget_exhausted", "rollout.expiring"),

  ...at("close", "closed", "destroy.begun", "oci.stopped", "docker.container-removed", "destroy.gone"),
  ...at("close", "closed", "destroy.forgotten", "rollout.closed", "rollout.emptied"),

  ...at("drain", "outcome_unknown", "drain.begun", "drain.cut-off"),
];
