import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compose } from "../../src/compose.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { SettingName } from "../../src/config/schema.ts";
import { silentLogger } from "../../src/core/log.ts";

import { ClusterNamespace } from "./kubernetes-cluster.ts";

export interface ControllerOnCluster extends AsyncDisposable {
  readonly namespace: ClusterNamespace;
  readonly service: Awaited<ReturnType<typeof compose>>["service"];
}

/** A controller in this process whose sandboxes are in a namespace of their own; nothing is left of either when it is disposed of. */
export async function controllerOnCluster(
  settings: Partial<Record<SettingName, string>> = {},
): Promise<ControllerOnCluster> {
  await using stack = new AsyncDisposableStack();
  const namespace = stack.use(await ClusterNamespace.make());
  const dataDir = await mkdtemp(join(tmpdir(), "berth-kubernetes-"));
  stack.defer(() => rm(dataDir, { recursive: true, force: true }));
  const changes = Object.entries(settings).map(([name, value]) => [`BERTH_${name.toUpperCase()}`, value] as const);
  const env = { BERTH_DATA_DIR: dataDir, ...namespace.environment(), ...Object.fromEntries(changes) };
  const berth = await compose(loadConfig({ env }), silentLogger, { role: "controller" });
  stack.defer(async () => {
    await berth.service.drain(5_000);
    await berth.close();
  });
  const all = stack.move();
  return { namespace, service: berth.service, [Symbol.asyncDispose]: () => all.disposeAsync() };
}
