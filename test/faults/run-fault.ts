import { withCauses } from "../support/with-causes.ts";
import { withDeadline } from "../../src/core/deadline.ts";
import type { EvidenceRow } from "../../src/core/evidence.ts";
import type { Fault, Outcome } from "./fault.ts";
import type { Scene } from "./scene.ts";

const defaultSeconds = 90;
/** A pod takes seconds to start and to go where a sandbox of this machine takes a tenth of one. */
const clusterFactor = 3;

/** One fault in a scene whose controller runs, and what is left afterwards. */
export async function runFault(fault: Fault, scene: Scene): Promise<EvidenceRow> {
  const startedAt = Date.now();
  const seconds = (fault.seconds ?? defaultSeconds) * (scene.backend === "kubernetes" ? clusterFactor : 1);
  const outcome = await withDeadline(fault.id, seconds * 1000, () => fault.run(scene)).catch(
    (error: unknown): Outcome => ({ result: `error: ${withCauses(error)}`, lost: [], doubled: [] }),
  );
  const leaks = await scene.baseline.leaks().catch((error: unknown) => [`cannot be told: ${withCauses(error)}`]);
  const left = [...(outcome.leaks ?? []), ...leaks];
  const { result, lost, doubled } = outcome;
  const { id, phase, what, expected } = fault;
  return {
    case: id,
    backend: scene.backend,
    phase,
    what,
    result,
    expected,
    ok: result === expected && left.length + lost.length + doubled.length === 0,
    leaks: left.length,
    lost_records: lost.length,
    double_executions: doubled.length,
    seen: [...left, ...lost, ...doubled],
    duration_ms: Date.now() - startedAt,
  };
}
