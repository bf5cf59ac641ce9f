import { withDeadline } from "../../src/core/deadline.ts";
import type { EvidenceRow } from "../../src/core/evidence.ts";
import { withCauses } from "../support/with-causes.ts";
import { Arena } from "./arena.ts";
import type { Attack, Reached } from "./attack.ts";
import type { Backend } from "./backends.ts";
import type { Defence } from "./defences.ts";

const defaultSeconds = 60;

type Ended = { readonly reached: Reached } | { readonly error: string };

/** One attack on one backend: against everything but `without`, and then its positive control. */
export async function runAttack(attack: Attack, backend: Backend, without: ReadonlySet<Defence>): Promise<EvidenceRow> {
  const row = { case: attack.id, backend: backend.name, title: attack.title, defences: attack.defences };
  const inapplicable = attack.notApplicable?.(backend.name);
  if (inapplicable !== undefined) {
    const result = `not applicable: ${inapplicable}`;
    return { ...row, result, expected: result, ok: true, seen: "", control: "" };
  }
  const expected = "held";
  const startedAt = Date.now();
  const attempt = await attemptIn(attack, new Arena(backend, { without }));
  const control = await attemptIn(
    attack,
    new Arena(backend, {
      without: new Set(attack.defences),
      underRunc: attack.controlUnderRunc !== undefined,
    }),
  );
  const result = resultOf(attempt, control);
  return {
    ...row,
    result,
    expected,
    ok: result === expected,
    seen: told(attempt),
    control: told(control),
    duration_ms: Date.now() - startedAt,
  };
}

function resultOf(attempt: Ended, control: Ended): string {
  if ("error" in attempt) return `error: ${attempt.error}`;
  if (attempt.reached.reached) return `BROKEN: ${attempt.reached.seen}`;
  if ("error" in control) return `control failed: ${control.error}`;
  if (!control.reached.reached)
    return `control failed: without the defence it does not work either: ${control.reached.seen}`;
  return "held";
}

const told = (ended: Ended): string => ("error" in ended ? ended.error : ended.reached.seen);

async function attemptIn(attack: Attack, arena: Arena): Promise<Ended> {
  const ended = await withDeadline(attack.id, (attack.seconds ?? defaultSeconds) * 1000, async () =>
    attack.attempt(arena),
  ).then(
    (reached): Ended => ({ reached }),
    (error: unknown): Ended => ({ error: withCauses(error) }),
  );
  const left = await arena[Symbol.asyncDispose]().then(() => undefined, withCauses);
  return left === undefined ? ended : { error: left };
}
