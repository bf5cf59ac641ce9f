import type { EvidenceRow } from "../../src/core/evidence.ts";
import type { RunningBerth } from "./running-berth.ts";

/** One client doing one thing with a running Berth. */
export interface AgentCase {
  /** With its version. */
  readonly client: string;
  readonly feature: string;
  /** What the run must come to. */
  readonly expected: string;
  /** Gives what the run came to. Throws when it came to nothing. */
  run(berth: RunningBerth): Promise<string>;
}

/** A case that takes longer hangs. */
const DEADLINE_MS = 240_000;

export type AgentRow = EvidenceRow & { readonly client: string; readonly feature: string; readonly seconds: number };

export async function rowOf(one: AgentCase, berth: RunningBerth): Promise<AgentRow> {
  const { client, feature, expected } = one;
  const began = performance.now();
  const late = new Promise<string>((resolve) => {
    setTimeout(() => resolve(`nothing within ${DEADLINE_MS / 1000} s`), DEADLINE_MS).unref();
  });
  const came = one.run(berth).catch((thrown: unknown) => `failed: ${String(thrown).slice(0, 2_000)}`);
  const result = await Promise.race([came, late]);
  const seconds = Math.round(performance.now() - began) / 1000;
  return {
    case: `${client}: ${feature}`,
    backend: "oci",
    result,
    expected,
    ok: result === expected,
    client,
    feature,
    seconds,
  };
}
