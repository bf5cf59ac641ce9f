/** What became of the load. */
export class Tally {
  rollouts = 0;
  answered = 0;
  expired = 0;
  verdicts = 0;
  guestsKilled = 0;
  controllersKilled = 0;
  clientsGone = 0;
  /** Sentences about what must not be. */
  readonly wrong: string[] = [];
  /** Error code → how often a caller was told it. */
  readonly refusals = new Map<string, number>();

  refused(code: string): void {
    this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1);
  }
}
