import type { Config } from "../../config/schema.ts";
import { cgroupChecks } from "./cgroups.ts";
import type { Check, CheckGroup } from "./check.ts";
import { dockerChecks } from "./docker.ts";
import type { Host } from "./host.ts";
import { installCommand } from "./install-command.ts";
import { kernelChecks } from "./kernel.ts";
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
  versionChecks,
];

/** What a provider cannot run without. Of a list, one is enough. */
const needs: Readonly<Record<string, readonly (readonly string[])[]>> = {
  oci: [["node"], ["git"], ["guest"], ["linux"], ["root"], ["overlayfs"], ["cgroups"], ["seccomp"], ["runc", "crun"]],
  docker: [["node"], ["git"], ["guest"], ["docker"]],
};

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
const obstacleOnlyWhenMissing: ReadonlySet<string> = new Set(["git", "cgroups"]);

function judge(provider: string, checks: readonly Check[]): ProviderVerdict {
  const passes = (name: string): boolean => {
    const result = checks.find((check) => check.name === name)?.result;
    return result === "ok" || (result === "degraded" && obstacleOnlyWhenMissing.has(name));
  };
  const lacks = (needs[provider] ?? [])
    .filter((alternatives) => !alternatives.some(passes))
    .map(([first = ""]) => first);
  return { provider, runs: lacks.length === 0, lacks };
}

/** `ok`: the provider that is configured can run, or with `auto` any of them. */
export async function examine(host: Host, config: Config): Promise<Examination> {
  const install = await installCommand(host);
  const checks = (await Promise.all(groups.map((group) => group({ host, config, install })))).flat();
  const providers = Object.keys(needs).map((name) => judge(name, checks));
  const asked = providers.filter(({ provider }) => config.provider === "auto" || config.provider === provider);
  return { ok: config.provider === "memory" || asked.some(({ runs }) => runs), providers, checks };
}
