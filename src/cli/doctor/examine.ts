import type { Config } from "../../config/schema.ts";
import type { ProviderCheck } from "../../provider/provider-check.ts";
import { cgroupChecks } from "./cgroups.ts";
import type { Check, CheckGroup } from "./check.ts";
import { dockerChecks } from "./docker.ts";
import type { Host } from "./host.ts";
import { installCommand } from "./install-command.ts";
import { kernelChecks } from "./kernel.ts";
import { processChecks } from "./processes.ts";
import { programChecks } from "./programs.ts";
import { runtimeChecks } from "./runtimes.ts";
import { spaceChecks } from "./space.ts";
import { versionChecks } from "./versions.ts";

const groups: readonly CheckGroup[] = [
  programChecks,
  kernelChecks,
  cgroupChecks,
  runtimeChecks,
  dockerChecks,
  spaceChecks,
  processChecks,
  versionChecks,
];

/** What a provider cannot run without. Of a list, one is enough. */
const needs: Readonly<Record<string, readonly (readonly string[])[]>> = {
  oci: [["node"], ["git"], ["guest"], ["linux"], ["root"], ["overlayfs"], ["cgroups"], ["seccomp"], ["runc", "crun"]],
  docker: [["node"], ["git"], ["guest"], ["docker"]],
};
/** Only of a configuration that names one: there is no cluster to be found by looking around. */
const needsOfKubernetes = [["node"], ["git"], ["api server"], ["namespace"], ["permissions"], ["guest image"]];

/** Looks at the cluster that the configuration names; changes nothing. */
export type ExamineCluster = (config: Config) => Promise<readonly ProviderCheck[]>;

export interface ProviderVerdict {
  readonly provider: string;
  readonly runs: boolean;
  /** The checks that stand in its way. */
  readonly lacks: readonly string[];
}

export interface Examination {
  readonly ok: boolean;
  readonly providers: readonly ProviderVerdict[];
  readonly checks: readonly Check[];
}

/** Checks whose shortcomings are no obstacle. Others must be ok: what could not be tried without root cannot be used without it. */
const obstacleOnlyWhenMissing: ReadonlySet<string> = new Set(["git", "cgroups", "guest image"]);

function judge(provider: string, checks: readonly Check[], needed = needs[provider] ?? []): ProviderVerdict {
  const passes = (name: string): boolean => {
    const result = checks.find((check) => check.name === name)?.result;
    return result === "ok" || (result === "degraded" && obstacleOnlyWhenMissing.has(name));
  };
  const lacks = needed.filter((alternatives) => !alternatives.some(passes)).map(([first = ""]) => first);
  return { provider, runs: lacks.length === 0, lacks };
}

/** `ok`: the provider that is configured can run, or with `auto` any of them. */
export async function examine(
  host: Host,
  config: Config,
  examineCluster: ExamineCluster = async () => [],
): Promise<Examination> {
  const install = await installCommand(host);
  const isOnCluster = config.provider === "kubernetes";
  const found = await Promise.all([
    ...groups.map((group) => group({ host, config, install })),
    isOnCluster ? examineCluster(config) : [],
  ]);
  const checks = found.flat();
  const providers = [
    ...Object.keys(needs).map((name) => judge(name, checks)),
    ...(isOnCluster ? [judge("kubernetes", checks, needsOfKubernetes)] : []),
  ];
  const asked = providers.filter(({ provider }) => config.provider === "auto" || config.provider === provider);
  return { ok: config.provider === "memory" || asked.some(({ runs }) => runs), providers, checks };
}
