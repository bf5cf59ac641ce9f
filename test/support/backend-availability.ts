import { loadConfig } from "../../src/config/load.ts";
import { examine } from "../../src/cli/doctor/examine.ts";
import { thisHost } from "../../src/cli/doctor/host.ts";

/** Why a provider cannot run here, as `berth doctor` sees it; undefined when it can. */
export async function whyUnavailable(backend: string): Promise<string | undefined> {
  const { providers, checks } = await examine(thisHost, loadConfig({ flags: { provider: backend } }));
  const lacks = providers.find(({ provider }) => provider === backend)?.lacks ?? [];
  if (lacks.length === 0) return undefined;
  const details = lacks.map((name) => `${name}: ${checks.find((check) => check.name === name)?.detail ?? "missing"}`);
  return `${backend} cannot run here: ${details.join("; ")}`;
}
