import { join } from "node:path";
import { StandInController } from "../kubernetes/agent-sandbox/stand-in.ts";
import type { TestCluster } from "./test-cluster.ts";

const crds = join(import.meta.dirname, "../kubernetes/agent-sandbox/crds.yaml");

/** The CRDs, which stay in the cluster, and what stands in for their controller in this namespace. */
export async function agentSandboxIn(namespace: string, kubectl: TestCluster["kubectl"]): Promise<StandInController> {
  await kubectl("apply", "--filename", crds);
  await kubectl("wait", "--for=condition=Established", "--timeout=60s", "--filename", crds);
  return new StandInController(namespace);
}
