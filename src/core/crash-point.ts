/**
 * Where the controller may be killed between two durable steps, in the order in which a rollout passes them. Each name
 * stands at exactly one place in the sources; `test/faults` kills at every one of them.
 */
export const crashPoints = [
  // A start: the store's tables, then what an earlier controller left.
  "store.migrating",
  "store.opened",
  "resume.claimed",
  "resume.calls-marked",
  "resume.taken-over",
  "resume.tidied",

  // A snapshot is built.
  "build.leased",
  "mirror.made",
  "mirror.fetched",
  "build.checked-out",
  "build.sandbox-ready",
  "build.set-up",
  "build.manifest-written",
  "oci.layer-drafted",
  "docker.snapshot-named",
  "kubernetes.layer-kept",
  "kubernetes.snapshot-named",
  "build.committed",

  // A sandbox starts.
  "launch.intended",
  "oci.folder-made",
  "oci.ids-claimed",
  "oci.recorded",
  "oci.configured",
  "docker.helper-made",
  "docker.container-made",
  "docker.disk-covered",
  "docker.container-started",
  "kubernetes.pod-made",
  "launch.created",
  "launch.answered",
  "launch.checked",

  // A rollout becomes active.
  "rollout.recorded",
  "rollout.preparing",
  "rollout.started",
  "rollout.activated",
  "pool.started",
  "pool.taken",
  "launch.assigned",

  // A tool call.
  "call.reserved",
  "guest.asked",
  "call.executed",
  "call.stored",
  "call.unknown",

  // The end of a policy's turn, and the verdict.
  "grade.begun",
  "turn.quiesced",
  "turn.exported",
  "turn.stored",
  "turn.over",
  "rollout.expiring",
  "grade.sandbox-ready",
  "grade.judged",
  "grade.stored",
  "grade.closed",

  // A sandbox and a rollout end.
  "rollout.closed",
  "destroy.begun",
  "oci.stopped",
  "docker.container-removed",
  "destroy.gone",
  "destroy.forgotten",
  "rollout.failed",
  "rollout.emptied",
  "drain.begun",
  "drain.cut-off",
] as const;

export type CrashPoint = (typeof crashPoints)[number];

let visit: ((point: CrashPoint) => void) | undefined;

/** Does nothing, unless a test's own entry of the controller asked to hear of it. */
export function crashPoint(point: CrashPoint): void {
  visit?.(point);
}

/** For an entry that is not the product's: `visitor` runs at each crash point, synchronously. */
export function onCrashPoint(visitor: (point: CrashPoint) => void): void {
  visit = visitor;
}
