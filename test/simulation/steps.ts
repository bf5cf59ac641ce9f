/** What a client has a sandbox do: one call of one rollout. The guest reads it out of the tool's arguments. */
export interface Step {
  readonly rollout: string;
  readonly call: string;
  readonly takesMs: number;
  /** What it writes to the file `answer`, when its time is over. */
  readonly answer?: string;
}

const form = /^step\/([0-9a-f-]{36})\/(c\d+)\/(\d+)(?:\/(\d))?$/;

/** As a command line, and as a path: a read is told apart by what it reads. */
export const writeStep = ({ rollout, call, takesMs, answer }: Step): string =>
  ["step", rollout, call, Math.round(takesMs), ...(answer === undefined ? [] : [answer])].join("/");

export function readStep(text: string): Step | undefined {
  const [, rollout, call, takes, answer] = form.exec(text) ?? [];
  if (rollout === undefined || call === undefined) return undefined;
  return { rollout, call, takesMs: Number(takes), ...(answer === undefined ? {} : { answer }) };
}
