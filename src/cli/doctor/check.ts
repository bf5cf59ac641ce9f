import type { Config } from "../../config/schema.ts";
import type { Host } from "./host.ts";

export type CheckResult = "ok" | "degraded" | "missing";

/** One thing that Berth needs or can use. */
export interface Check {
  readonly name: string;
  readonly result: CheckResult;
  /** What was found. */
  readonly detail: string;
  /** The command that mends it; null when all is well. */
  readonly remedy: string | null;
}

export interface DoctorInput {
  readonly host: Host;
  readonly config: Config;
  /** The command that installs packages here. */
  readonly install: (...packages: readonly string[]) => string;
}

export type CheckGroup = (input: DoctorInput) => Promise<readonly Check[]>;

export const ok = (name: string, detail: string): Check => ({ name, result: "ok", detail, remedy: null });

export const degraded = (name: string, detail: string, remedy: string): Check => ({
  name,
  result: "degraded",
  detail,
  remedy,
});

export const missing = (name: string, detail: string, remedy: string): Check => ({
  name,
  result: "missing",
  detail,
  remedy,
});
