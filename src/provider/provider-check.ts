/** One thing that a provider stands on, as somebody looked for it. */
export interface ProviderCheck {
  readonly name: string;
  /** `degraded`: sandboxes start without it, and something is missing. */
  readonly result: "ok" | "degraded" | "missing";
  /** What was found, in a clause for people. */
  readonly detail: string;
  /** The command or the setting that mends it; null when all is well. */
  readonly remedy: string | null;
}
