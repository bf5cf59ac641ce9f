import { BerthError } from "../../src/core/errors.ts";
import type { ExecRequest } from "../../src/guest/guest.ts";
import type { Berth } from "../support/running-berth.ts";
import { reachedIf, type Reached } from "./attack.ts";
import { perl } from "./perl.ts";

/** An answer that takes longer was held back. */
const soonMs = 10_000;

/**
 * What a script of a survivor may use: `beat` appends to a file for ever, `beating` waits until that was seen to work. Its heart is the
 * ground truth: whatever /proc, the guest or a message says, a file that grows has somebody who writes to it.
 */
export const heart = `
sub beat { sysopen my $f, "/workspace/beat", O_WRONLY|O_CREAT|O_APPEND or POSIX::_exit(9); while (1) { syswrite $f, "."; pause(0.005) } }
sub beating { pause(0.005) until -s "/workspace/beat" }
`;

/** Continues whatever is stopped, and beats as often as a survivor would have had many chances to. */
const reference = `kill "CONT", -1;
for (1..40) { sysopen my $f, "/workspace/reference", O_WRONLY|O_CREAT|O_APPEND or die; syswrite $f, "."; pause(0.005) }`;

const sizeOf = (berth: Berth, path: string): Promise<number> =>
  berth.guest.stat(path).then(
    ({ size }) => size,
    (error: unknown) => {
      if (error instanceof BerthError && error.code === "file_not_found") return 0;
      throw error;
    },
  );

/** Resolves once the heart beats. */
export async function startsBeating(berth: Berth): Promise<void> {
  while ((await sizeOf(berth, "beat")) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Whether anything of an ended call still lives. @throws when nothing ever did */
export async function livesOn(berth: Berth): Promise<Reached> {
  const { processes } = await berth.guest.health();
  const before = await sizeOf(berth, "beat");
  if (before === 0) throw new Error("the process that should survive never ran");
  const { outcome, stderr } = await perl(berth, reference);
  if (outcome.type !== "exited" || outcome.code !== 0) throw new Error(`nothing to compare with: ${stderr.head}`);
  const beats = (await sizeOf(berth, "beat")) - before;
  return reachedIf(processes > 0 || beats > 0, `${processes} processes and ${beats} beats after the answer`);
}

/** Runs a script that leaves a survivor, and looks for it after the answer, which must come soon. */
export async function leaves(berth: Berth, script: string, change: Partial<ExecRequest> = {}): Promise<Reached> {
  const startedAt = Date.now();
  const { outcome, stderr } = await perl(berth, heart + script, { timeoutMs: 15_000, ...change });
  const tookMs = Date.now() - startedAt;
  const { reached, seen } = await livesOn(berth);
  return reachedIf(reached || tookMs > soonMs, `${outcome.type} after ${tookMs} ms; ${seen}; ${stderr.head}`);
}
