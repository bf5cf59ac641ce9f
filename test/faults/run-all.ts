import type { EvidenceRow } from "../../src/core/evidence.ts";
import type { BackendName } from "./backend.ts";
import type { Fault } from "./fault.ts";
import { Journey } from "./journey.ts";
import { runFault } from "./run-fault.ts";
import { Scene } from "./scene.ts";

/** On a cluster, the faults of a machine's own disks and daemons cannot be brought about. */
const isFor = ({ id, backends: only }: Fault, backend: BackendName): boolean =>
  only?.includes(backend) ?? (backend !== "kubernetes" || id.startsWith("crash/"));

/**
 * All faults of a backend one after the other: each looks at what the whole scene has left. Each row is told as it comes; when it is
 * over, those that have not begun are left out.
 */
export async function runAll(
  backend: BackendName,
  faults: readonly Fault[],
  { tell, isOver = () => false }: { tell: (row: EvidenceRow) => void; isOver?: () => boolean },
): Promise<EvidenceRow[]> {
  await using scene = await Scene.open({ backend });
  await scene.start();
  const calm = await new Journey(scene, { at: "create" }).travel();
  if (calm.result !== "active") throw new Error(`Without a fault a rollout on ${backend} is ${calm.result}.`);
  await scene.baseline.take();
  const rows: EvidenceRow[] = [];
  for (const fault of faults.filter((candidate) => isFor(candidate, backend))) {
    if (isOver()) break;
    const row = await runFault(fault, scene);
    tell(row);
    rows.push(row);
  }
  return rows;
}
